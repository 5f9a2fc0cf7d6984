// The discriminators, with and without spectral normalisation, against PyTorch; their sizes and errors.
#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "layers/spectral_norm.h"
#include "models/discriminator.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using test::golden_error;

std::string kind_of(const std::string& name) { return name.substr(0, name.find('_')); }

std::unique_ptr<Discriminator> make(const std::string& name, const test::GoldenFile& golden) {
  const auto o = golden.options(name);
  return find_discriminator(kind_of(name)).make({2, o["frames"], o["bins"], o["width"], o["spectral"]}, 1);
}

int64_t parameter_count(const Module& module) {
  int64_t count = 0;
  for (const auto& [name, parameter] : module.parameters()) count += parameter.size();
  return count;
}

class DiscriminatorGolden : public ::testing::TestWithParam<std::tuple<const char*, Device>> {
 protected:
  std::string name_ = std::get<0>(GetParam());
  Device device_ = std::get<1>(GetParam());
  double value_tolerance_ = device_ == Device::cpu ? tolerance::kGolden : tolerance::kDevicesLibrary;
  double gradient_tolerance_ = device_ == Device::cpu ? tolerance::kGoldenGradient : tolerance::kDevicesLibrary;
  test::GoldenFile golden_{"discriminators"};

  Tensor golden(const std::string& part) { return golden_.tensor(name_ + "." + part, device_); }

  std::unique_ptr<Discriminator> load() {
    auto network = make(name_, golden_);
    network->load_state(golden_.group(name_ + ".state"), "golden");
    network->to(device_);
    return network;
  }
};

TEST_P(DiscriminatorGolden, ScoresFeaturesAndGradients) {
  const auto network = load();
  network->begin_step(0, 0);
  const Var input(golden("input"), true);
  const Judgement judgement = (*network)(input);
  EXPECT_LT(golden_error(judgement.scores.value(), golden("scores")), value_tolerance_);
  for (size_t i = 0; i < judgement.features.size(); ++i)
    EXPECT_LT(golden_error(judgement.features[i].value(), golden("feature" + std::to_string(i))), value_tolerance_);
  EXPECT_FALSE(golden_.has(name_ + ".feature" + std::to_string(judgement.features.size())));
  Var loss = mean(square(judgement.scores + -0.9f));
  EXPECT_LT(golden_error(loss.value().reshape({1}), golden("loss")), value_tolerance_);
  loss.backward();
  EXPECT_LT(golden_error(input.grad(), golden("grad_input")), gradient_tolerance_);
  for (const auto& [key, parameter] : network->parameters())
    EXPECT_LT(golden_error(parameter.grad(), golden("grad." + key)), gradient_tolerance_) << key;
  for (const auto& [key, value] : network->state()) {
    if (!golden_.has(name_ + ".after." + key)) continue;
    EXPECT_LT(golden_error(value, golden("after." + key)), value_tolerance_) << key;
  }

  network->train(false);
  EXPECT_LT(golden_error((*network)(Var(input.value())).scores.value(), golden("eval.scores")), value_tolerance_);
}

// Negative control: frames and bins exchanged, which some kernels would let pass.
TEST_P(DiscriminatorGolden, TransposedKernelsAreNoticed) {
  const auto network = load();
  network->begin_step(0, 0);
  for (auto [key, parameter] : network->parameters())
    if (parameter.shape().size() == 4)
      parameter.value().copy_from(permute(Var(parameter.value()), {0, 1, 3, 2}).value());
  const Judgement judgement = (*network)(Var(golden("input")));
  EXPECT_GT(golden_error(judgement.features[0].value(), golden("feature0")), 1e-1);
  EXPECT_GT(golden_error(judgement.scores.value(), golden("scores")), 10 * tolerance::kGolden);
}

// Negative control: without the step of the power method sigma is another.
TEST_P(DiscriminatorGolden, AMissingPowerStepIsNoticed) {
  const double error = golden_error((*load())(Var(golden("input"))).scores.value(), golden("scores"));
  if (name_.ends_with("spectral"))
    EXPECT_GT(error, 1e-3);
  else
    EXPECT_LT(error, value_tolerance_);  // there is none to miss
}

INSTANTIATE_TEST_SUITE_P(Networks, DiscriminatorGolden,
                         ::testing::Combine(::testing::Values("patch", "dcgan", "patch_spectral", "dcgan_spectral"),
                                            ::testing::ValuesIn(test::devices_present())),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_on_" +
                                  std::string(name(std::get<1>(info.param)));
                         });

TEST(Discriminator, FullSizesHaveTheParametersOfThePort) {
  const auto counts = test::GoldenFile("discriminators").options("counts");
  for (const DiscriminatorEntry& entry : discriminator_registry()) {
    const std::string name(entry.name);
    EXPECT_EQ(parameter_count(*entry.make({2, 259, 2049}, 1)), counts[name]) << name;
  }
}

TEST(Discriminator, SpectralNormBringsTheLargestSingularValueToOne) {
  Initializer init(3);
  SpectralNorm norm;
  Var weight(init.uniform({6, 2, 4, 4}, 0.3));
  norm.start(weight.value(), init);
  for (int i = 0; i < 200; ++i) norm.iterate(weight.value());
  const Var matrix = reshape(norm(weight), {6, 32});
  // Of a unit vector orthogonal to none of the singular ones, |W x| is at most 1 and near it for u.
  const Var u(norm.u()->reshape({6, 1}));
  EXPECT_NEAR(sum(square(matmul(matrix, u, {.a = true}))).value().item(), 1.0, 1e-3);
  const Var other(test::random_tensor({6, 1}, 4));
  EXPECT_LT(sum(square(matmul(matrix, other, {.a = true}))).value().item(), sum(square(other)).value().item());
}

TEST(Discriminator, RefusesOtherSizesAndNames) {
  EXPECT_NE(error_of([] { find_discriminator("pixel"); }).find("patch, dcgan"), std::string::npos);
  EXPECT_NE(error_of([] { find_discriminator("patch").make({2, 23, 100}, 1); }).find("seq-dur"), std::string::npos);
  const auto dcgan = find_discriminator("dcgan").make({2, 11, 33, 0.1}, 1);
  EXPECT_NE(error_of([&] {
              (*dcgan)(Var(Tensor::zeros({1, 2, 12, 33})));
            }).find("11 frames x 33 bins"),
            std::string::npos);
  EXPECT_NE(error_of([&] { (*dcgan)(Var(Tensor::zeros({1, 1, 11, 33}))); }), "");
}

// Gradients go through a discriminator into the estimate; its own parameters get them only while they are trained.
TEST(Discriminators, RequireGradientsOnlyWhileTrained) {
  const Discriminators discriminators(find_discriminator("patch"), {2, 26, 33, 0.05}, {"vocals", "drums"}, 7);
  const auto gradients = [&] {
    Var x(test::random_tensor({26, 2, 2, 33}, 1, 0.0, 1.0), true);
    Var loss = mean(discriminators(1, x).scores);
    loss.backward();
    EXPECT_TRUE(x.grad().defined());
    int count = 0;
    for (const auto& [name, parameter] : discriminators.parameters()) {
      count += parameter.grad().defined();
      EXPECT_TRUE(!parameter.grad().defined() || name.starts_with("drums.model.")) << name;
    }
    return count;
  };
  EXPECT_EQ(gradients(), 0);
  discriminators.require_gradients(true);
  EXPECT_GT(gradients(), 0);
}

}  // namespace
}  // namespace unmix
