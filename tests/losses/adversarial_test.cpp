// The adversarial loss and its discriminators' side against PyTorch, and which weights each update moves.
#include <gtest/gtest.h>

#include "formats/safetensors.h"
#include "losses/adversarial.h"
#include "losses/losses.h"
#include "models/discriminator_file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "training/step.h"

namespace unmix::test {
namespace {

const std::vector<std::string> kSources{"vocals", "drums"};

class AdversarialGolden : public ::testing::TestWithParam<std::tuple<const char*, Device>> {
 protected:
  AdversarialGolden()
      : stft_(64, 16, device_),
        discriminators_(find_discriminator("patch"), {2, 27, 33, golden_.options("sizes")["width"], false}, kSources,
                        1),
        signals_(stft_, tensor("mixture"), tensor("targets"), 44100, {}) {
    discriminators_.load_state(golden_.group("state"), "golden");
    discriminators_.to(device_);
    const auto options = golden_.options(case_);
    context_.discriminators = &discriminators_;
    context_.gan = choose("gan", std::string(options["gan"]), gan_names);
    context_.feature_matching = options["feature_matching"];
    signals_.set_masks(masks_);
    if (options["unpaired"]) {
      signals_.set_unpaired_estimates(unpaired_);
      unpaired_stems_ = tensor("unpaired.stems");
    }
  }

  Tensor tensor(const std::string& name) { return golden_.tensor(name, device_); }
  double limit(double on_cpu) const { return device_ == Device::cpu ? on_cpu : tolerance::kDevicesLibrary; }

  std::string case_ = std::get<0>(GetParam());
  Device device_ = std::get<1>(GetParam());
  GoldenFile golden_{"adversarial"};
  Stft stft_;
  Discriminators discriminators_;
  Signals signals_;
  LossContext context_;
  Var masks_{tensor("masks"), true}, unpaired_{tensor("unpaired.estimates"), true};
  Tensor unpaired_stems_;
};

TEST_P(AdversarialGolden, LossAndItsGradients) {
  const Var loss = adversarial(signals_, context_);
  const double expected = golden_.values(case_ + ".loss")[0];
  EXPECT_NEAR(loss.value().item() / expected, 1.0, limit(tolerance::kGolden));
  Var part_of_a_sum = 0.25f * loss;
  part_of_a_sum.backward();
  for (Var* input : {&masks_, &unpaired_})
    if (input->grad().defined()) input->set_grad(scale(Var(input->grad()), 4.0f).value());
  EXPECT_LT(golden_error(masks_.grad(), tensor(case_ + ".grad.masks")), limit(tolerance::kGoldenGradient));
  if (golden_.has(case_ + ".grad.unpaired"))
    EXPECT_LT(golden_error(unpaired_.grad(), tensor(case_ + ".grad.unpaired")), limit(tolerance::kGoldenGradient));
  else
    EXPECT_FALSE(unpaired_.grad().defined());
  for (const auto& [name, parameter] : discriminators_.parameters()) EXPECT_FALSE(parameter.grad().defined()) << name;
}

TEST_P(AdversarialGolden, DiscriminatorLossAndItsGradients) {
  const Tensor estimates = signals_.estimate_magnitudes().value();
  const std::vector<double> expected = golden_.values(case_ + ".discriminator_loss");
  discriminators_.require_gradients(true);
  for (int64_t k = 0; k < 2; ++k) {
    const Var& unpaired = signals_.unpaired_estimates();
    Var loss = discriminator_loss(discriminators_, context_.gan, k, signals_.target_magnitudes()[k], estimates[k],
                                  unpaired_stems_.defined() ? unpaired_stems_[k] : Tensor(),
                                  unpaired.defined() ? unpaired.value()[k] : Tensor());
    EXPECT_NEAR(loss.value().item() / expected[static_cast<size_t>(k)], 1.0, limit(tolerance::kGolden));
    loss.backward();
  }
  for (const auto& [name, parameter] : discriminators_.parameters())
    EXPECT_LT(golden_error(parameter.grad(), golden_.tensor(case_ + ".grad." + name)),
              limit(tolerance::kGoldenGradient))
        << name;
  EXPECT_FALSE(masks_.grad().defined());
}

// Negative control: the discriminators of two sources exchanged are another loss.
TEST_P(AdversarialGolden, ExchangedDiscriminatorsAreNoticed) {
  NamedTensors state = golden_.group("state");
  for (auto& [name, value] : state)
    name = name.starts_with("vocals") ? "drums" + name.substr(6) : "vocals" + name.substr(5);
  discriminators_.load_state(state, "golden");
  const double loss = adversarial(signals_, context_).value().item();
  EXPECT_GT(std::abs(loss / golden_.values(case_ + ".loss")[0] - 1.0), 100 * tolerance::kGolden);
}

TEST_P(AdversarialGolden, ValidationIsWithoutDiscriminators) {
  LossContext paper;
  paper.variant = Variant::paper;
  context_.validation = true;
  EXPECT_EQ(adversarial(signals_, context_).value().item(), l2freq(signals_, paper).value().item());
}

INSTANTIATE_TEST_SUITE_P(Cases, AdversarialGolden,
                         ::testing::Combine(::testing::Values("lsgan", "lsgan_unpaired", "hinge_unpaired", "features"),
                                            ::testing::ValuesIn(devices_present())),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_on_" +
                                  std::string(name(std::get<1>(info.param)));
                         });

// ---- a training step ----------------------------------------------------------------------------------------------

// A small joint model, its opponents and a batch on a device.
struct Game {
  explicit Game(Device on, bool spectral_norm = false)
      : device(on),
        stft(128, 32, on),
        network(config(), 1),
        adversary(find_discriminator("patch"), {2, 41, 65, 1.0 / 32, spectral_norm}, Gan::lsgan,
                  {"vocals", "drums", "bass", "other"}, 5, on) {
    network.to(on);
    optimizer = std::make_unique<Adam>(network.parameters(), AdamOptions{});
    LossContext context;
    context.discriminators = &adversary.discriminators();
    objective = std::make_unique<Objective>("Adversarial", context);
  }

  static NetworkConfig config() {
    NetworkConfig c;
    c.bins = 65, c.max_bin = 60, c.hidden = 8, c.layers = 1, c.dropout = 0.0;
    return c;
  }
  Tensor targets(uint64_t seed) const { return random_tensor({4, 2, 2, 1280}, seed, -1, 1, device); }
  Tensor mixture(uint64_t seed) const { return sum_axis(Var(targets(seed)), 0).value(); }
  StepContext learner(Adversary* opponent) { return {network, stft, *objective, *optimizer, 44100, 0.0, opponent}; }

  std::vector<float> step(uint64_t number, bool unpaired) {
    UnpairedSignals more;
    if (unpaired) more = {mixture(8), targets(9)};
    return training_step(learner(&adversary), mixture(7), targets(7), 3, number, more).get();
  }

  Device device;
  Stft stft;
  JointOpenUnmix network;
  Adversary adversary;
  std::unique_ptr<Adam> optimizer;
  std::unique_ptr<Objective> objective;
};

using Values = std::vector<std::vector<float>>;

Values weights(const Module& module) {
  Values values;
  for (const auto& [name, parameter] : module.parameters()) values.push_back(parameter.value().to_vector());
  return values;
}

class AdversarialStep : public ::testing::TestWithParam<Device> {
 protected:
  Game game_{GetParam()};
  Signals signals() {
    Signals signals(game_.stft, game_.mixture(7), game_.targets(7), 44100, {});
    signals.set_masks(game_.network(Var(signals.mixture_magnitude())));
    return signals;
  }
};

TEST_P(AdversarialStep, UpdatingTheDiscriminatorsLeavesTheSeparator) {
  const Values separator = weights(game_.network), before = weights(game_.adversary.discriminators());
  Signals batch = signals();
  game_.adversary.update(batch, {}, 3, 0);
  EXPECT_EQ(weights(game_.network), separator);
  for (const auto& [name, parameter] : game_.network.parameters()) EXPECT_FALSE(parameter.grad().defined()) << name;
  const Values after = weights(game_.adversary.discriminators());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_NE(after[i], before[i]) << i;
}

// The discriminators' weights after a whole step are those after their own update of the same batch.
TEST_P(AdversarialStep, UpdatingTheSeparatorLeavesTheDiscriminators) {
  Game alone(GetParam());
  Signals batch(alone.stft, alone.mixture(7), alone.targets(7), 44100, {});
  alone.network.begin_step(3, 0);
  batch.set_masks(alone.network(Var(batch.mixture_magnitude())));
  alone.adversary.update(batch, {}, 3, 0);

  const Values separator = weights(game_.network);
  game_.step(0, false);
  EXPECT_EQ(weights(game_.adversary.discriminators()), weights(alone.adversary.discriminators()));
  EXPECT_NE(weights(game_.network), separator);
  game_.step(1, false);
  EXPECT_NE(weights(game_.adversary.discriminators()), weights(alone.adversary.discriminators()));
}

TEST_P(AdversarialStep, UnpairedSignalsTakePart) {
  Game other(GetParam());
  const auto paired = other.step(0, false), unpaired = game_.step(0, true);
  ASSERT_EQ(paired.size(), 2u);
  EXPECT_NE(paired[0], unpaired[0]);
  EXPECT_NE(paired[1], unpaired[1]);
}

TEST_P(AdversarialStep, DiscriminatorsLearnToTellAFixedSeparator) {
  Signals batch = signals();
  const auto step = [&](uint64_t number) { return game_.adversary.update(batch, {}, 3, number).item(); };
  const float first = step(0);
  float last = first;
  for (uint64_t i = 1; i < 30; ++i) last = step(i);
  EXPECT_LT(last, 0.7f * first) << first;
}

TEST_P(AdversarialStep, SpectralNormStepsOnceAStep) {
  Game normal(GetParam(), true);
  const auto u = [&] {
    for (const auto& [name, tensor] : normal.adversary.state())
      if (name == "vocals.model.2.weight_u") return tensor.to_vector();
    return std::vector<float>{};
  };
  const std::vector<float> before = u();
  ASSERT_FALSE(before.empty());
  for (uint64_t i = 0; i < 3; ++i)
    for (const float loss : normal.step(i, true)) EXPECT_TRUE(std::isfinite(loss));
  EXPECT_NE(u(), before);
}

TEST_P(AdversarialStep, StateBringsTheOpponentsBack) {
  game_.step(0, true);
  Game other(GetParam());
  const auto copies = [](const NamedTensors& tensors) {
    NamedTensors copied;
    for (const auto& [name, tensor] : tensors) copied.emplace_back(name, tensor.clone());
    return copied;
  };
  other.adversary.load_state(copies(game_.adversary.state()), copies(game_.adversary.optimizer_state()), "test");
  for (Game* game : {&game_, &other}) {
    Signals batch(game->stft, game->mixture(7), game->targets(7), 44100, {});
    batch.set_masks(Var(random_tensor({4, 41, 2, 2, 65}, 2, 0, 1, GetParam())));
    game->adversary.update(batch, {}, 3, 1);
  }
  EXPECT_EQ(weights(game_.adversary.discriminators()), weights(other.adversary.discriminators()));
}

INSTANTIATE_TEST_SUITE_P(Devices, AdversarialStep, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST(DiscriminatorFile, IsReadOffItsTensors) {
  TemporaryFolder folder;
  for (const char* kind : {"patch", "dcgan"})
    for (const bool spectral : {false, true}) {
      const Discriminators written(find_discriminator(kind), {2, 30, 33, 1.0 / 16, spectral}, {"other", "bass"}, 4);
      write_safetensors(folder / "d.safetensors", {written.state(), {{"gan", "hinge"}}});
      const DiscriminatorFile read = load_discriminators(folder / "d.safetensors", 30, 33);
      EXPECT_EQ(read.gan, "hinge");
      ASSERT_EQ(read.discriminators->sources(), 2);
      const Var x(random_tensor({30, 1, 2, 33}, 6));
      // The usual order: bass before other.
      EXPECT_EQ((*read.discriminators)(0, x).scores.value().to_vector(), written(1, x).scores.value().to_vector());
      EXPECT_NE((*read.discriminators)(1, x).scores.value().to_vector(), written(1, x).scores.value().to_vector());
    }
  EXPECT_NE(error_of([&] { load_discriminators(folder / "d.safetensors", 600, 33); }).find("classifier.0"),
            std::string::npos);
  write_safetensors(folder / "x.safetensors", {{{"fc1.weight", Tensor::zeros({2, 2})}}, {}});
  EXPECT_NE(error_of([&] { load_discriminators(folder / "x.safetensors", 30, 33); }).find("no discriminators"),
            std::string::npos);
}

}  // namespace
}  // namespace unmix::test
