// What every registered loss must do, in both variants and on every device present.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "losses/registry.h"
#include "models/discriminator.h"
#include "models/vggish.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

constexpr double kRelativeChange = 2e-4;  // of a loss between the points of a difference
constexpr int64_t kSources = 4, kBatch = 2, kChannels = 2, kSamples = 1280, kFft = 128, kHop = 32;

struct Example {
  Tensor mixture, targets, masks;
};

Example example(uint64_t seed, Device device) {
  const Stft stft(kFft, kHop, Device::cpu);
  const Tensor targets = random_tensor({kSources, kBatch, kChannels, kSamples}, seed);
  const Tensor mixture = sum_axis(Var(targets), 0).value();
  const Tensor masks =
      random_tensor({kSources, stft.frames(kSamples), kBatch, kChannels, stft.bins()}, seed + 1, 0.1, 0.9);
  return {mixture.to(device), targets.to(device), masks.to(device)};
}

struct Result {
  double loss;
  std::vector<float> gradient;  // by the masks; empty where none was asked for
};

// With the networks that losses need, made small.
LossContext context_of(Variant variant, Device device) {
  static std::map<Device, std::unique_ptr<Discriminators>> made;
  auto& discriminators = made[device];
  if (!discriminators) {
    const DiscriminatorConfig config{kChannels, kSamples / kHop + 1, kFft / 2 + 1, 1.0 / 8, false};
    discriminators = std::make_unique<Discriminators>(find_discriminator("patch"), config,
                                                      std::vector<std::string>{"a", "b", "c", "d"}, 1);
    discriminators->to(device);
  }
  static std::map<Device, std::unique_ptr<Vggish>> narrow;
  std::unique_ptr<Vggish>& features = narrow[device];
  if (!features) features = make_vggish({.width = 2}, {}, device);
  LossContext context;
  context.variant = variant;
  context.features = features.get();
  context.discriminators = discriminators.get();
  return context;
}

Result compute(const LossEntry& loss, Variant variant, const Example& e, bool with_gradient = true) {
  const Stft stft(kFft, kHop, e.mixture.device());
  Signals signals(stft, e.mixture, e.targets, 44100);
  Var masks(e.masks, with_gradient);
  signals.set_masks(masks);
  Var value = loss.compute(signals, context_of(variant, e.mixture.device()));
  EXPECT_EQ(value.size(), 1);
  value.backward();
  return {value.value().item(), with_gradient ? masks.grad().to_vector() : std::vector<float>{}};
}

// (L(m + h d) - L(m - h d)) / 2h along a direction d of random lengths whose signs are the gradient's, against the
// gradient times `slope`: its terms then add up, and neither rounding nor the kinks of absolute values hide them.
double directional_error(const LossEntry& loss, Variant variant, const Example& e, double slope) {
  const Result at = compute(loss, variant, e);
  const std::vector<float> m = e.masks.to_vector();
  std::vector<float> d = random_tensor(e.masks.shape(), 99, 0.5, 1.0).to_vector();
  double along = 0.0;
  for (size_t i = 0; i < d.size(); ++i) {
    d[i] = std::copysign(d[i], at.gradient[i]);
    along += static_cast<double>(d[i]) * at.gradient[i];
  }
  const double h = kRelativeChange * std::fabs(at.loss) / along;
  double difference = 0.0;
  for (const double sign : {1.0, -1.0}) {
    std::vector<float> moved(m.size());
    for (size_t i = 0; i < m.size(); ++i) moved[i] = static_cast<float>(m[i] + sign * h * d[i]);
    Example shifted = e;
    shifted.masks = Tensor::from(moved, e.masks.shape(), e.masks.device());
    difference += sign * compute(loss, variant, shifted, false).loss;
  }
  return std::fabs(difference / (2.0 * h) - slope * along) / (slope * along);
}

double slope_tolerance(const LossEntry& loss) {
  return loss.domain == "spectral" ? tolerance::kSpectralDerivative : tolerance::kDirectionalDerivative;
}

using Param = std::tuple<const LossEntry*, Variant, Device>;

class EveryLoss : public testing::TestWithParam<Param> {
 protected:
  const LossEntry& loss_ = *std::get<0>(GetParam());
  Variant variant_ = std::get<1>(GetParam());
  Device device_ = std::get<2>(GetParam());
};

TEST_P(EveryLoss, GradientIsTheSlope) {
  EXPECT_LT(directional_error(loss_, variant_, example(1, device_), 1.0), slope_tolerance(loss_));
}

TEST_P(EveryLoss, WrongSlopeIsSeen) {
  const double wrong = 1.0 + 4.0 * slope_tolerance(loss_);
  EXPECT_GT(directional_error(loss_, variant_, example(1, device_), wrong), slope_tolerance(loss_));
}

TEST_P(EveryLoss, SameBitsTwice) {
  const Result first = compute(loss_, variant_, example(2, device_)),
               second = compute(loss_, variant_, example(2, device_));
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_TRUE(same_bits(first.gradient, second.gradient));
}

TEST_P(EveryLoss, FrozenMasksBuildNoGraph) {
  const Example e = example(3, device_);
  const Stft stft(kFft, kHop, device_);
  Signals signals(stft, e.mixture, e.targets, 44100);
  signals.set_masks(Var(e.masks));
  EXPECT_FALSE(loss_.compute(signals, context_of(variant_, device_)).requires_grad());
}

TEST_P(EveryLoss, DevicesAgree) {
  const Result here = compute(loss_, variant_, example(4, device_)),
               cpu = compute(loss_, variant_, example(4, Device::cpu));
  EXPECT_NEAR(here.loss / cpu.loss, 1.0, tolerance::kDevices);
  EXPECT_LT(relative_error(here.gradient, cpu.gradient),
            loss_.domain == "spectral" ? tolerance::kDevicesSpectral : tolerance::kDevices);
}

// The message of a loss that is given less than it needs, or "" where its value is the same.
std::string complaint(const LossEntry& loss, Variant variant, const Example& e, Needs given) {
  const Stft stft(kFft, kHop, e.mixture.device());
  Signals signals(stft, e.mixture, e.targets, 44100, given);
  signals.set_masks(Var(e.masks));
  try {
    const float value = loss.compute(signals, context_of(variant, e.mixture.device())).value().item();
    return value == static_cast<float>(compute(loss, variant, e).loss) ? "" : "another value";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_P(EveryLoss, NeedsWhatItSaysAndNoMore) {
  const Example e = example(5, device_);
  EXPECT_EQ(complaint(loss_, variant_, e, loss_.needs), "");
  if (loss_.needs.waveforms) {
    EXPECT_NE(complaint(loss_, variant_, e, {loss_.needs.spectra, false}), "");
  }
  if (loss_.needs.spectra) {
    EXPECT_NE(complaint(loss_, variant_, e, {false, loss_.needs.waveforms}), "");
  }
}

bool all_finite(const Result& result) {
  return std::isfinite(result.loss) &&
         std::all_of(result.gradient.begin(), result.gradient.end(), [](float g) { return std::isfinite(g); });
}

struct Extreme {
  const char* what;
  Example example;
};

// Silence, perfection, opposition and size.
std::vector<Extreme> extremes(Device device) {
  std::vector<Extreme> list;
  const auto scaled = [](const Tensor& x, float factor) { return scale(Var(x), factor).value(); };
  Example e = example(6, device);
  list.push_back({"all silent", {scaled(e.mixture, 0.0f), scaled(e.targets, 0.0f), e.masks}});
  list.push_back({"a silent mixture", {scaled(e.mixture, 0.0f), e.targets, e.masks}});
  list.push_back({"silent estimates", {e.mixture, e.targets, scaled(e.masks, 0.0f)}});
  list.push_back({"inverted estimates", {e.mixture, e.targets, scaled(e.masks, -1.0f)}});
  list.push_back({"huge", {scaled(e.mixture, 1e6f), scaled(e.targets, 1e6f), e.masks}});
  list.push_back({"tiny", {scaled(e.mixture, 1e-12f), scaled(e.targets, 1e-12f), e.masks}});
  list.push_back({"huge masks", {e.mixture, e.targets, scaled(e.masks, 1e6f)}});
  Example silent = example(6, device);
  silent.targets = silent.targets.clone();
  silent.targets[1].fill(0.0f);
  list.push_back({"a silent target", silent});
  silent.masks = silent.masks.clone();
  silent.masks[1].fill(0.0f);
  list.push_back({"a silent target, rightly estimated", silent});
  Example perfect = example(6, device);
  perfect.targets = Tensor::zeros(perfect.targets.shape(), device);
  perfect.masks = Tensor::zeros(perfect.masks.shape(), device);
  perfect.targets[0].copy_from(perfect.mixture);
  perfect.masks[0].fill(1.0f);
  list.push_back({"perfect", perfect});
  return list;
}

TEST_P(EveryLoss, IsFiniteAtTheExtremes) {
  for (const Extreme& extreme : extremes(device_)) {
    const bool finite = all_finite(compute(loss_, variant_, extreme.example));
    // By its definition no number there; it keeps it, so this also shows that the check can fail.
    const bool defined = loss_.name != "MinSNRsdsdr";
    if (!defined && extreme.what != std::string("inverted estimates")) continue;
    EXPECT_EQ(finite, defined) << extreme.what;
  }
}

std::vector<Param> all_losses() {
  std::vector<Param> params;
  for (const LossEntry& loss : loss_registry())
    for (const Variant variant : {Variant::code, Variant::paper})
      for (const Device device : devices_present()) params.emplace_back(&loss, variant, device);
  return params;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryLoss, testing::ValuesIn(all_losses()), [](const auto& info) {
  return std::string(std::get<0>(info.param)->name) +
         (std::get<1>(info.param) == Variant::code ? "_seed_" : "_paper_") + std::string(name(std::get<2>(info.param)));
});

TEST(LossRegistry, UnknownNameListsTheNearest) {
  const std::string message = error_of([] { find_loss("L2frek"); });
  EXPECT_NE(message.find("L2freq"), std::string::npos) << message;
  EXPECT_EQ(find_loss("l2FREQ").name, "L2freq");
}

TEST(Signals, ComputesEverythingOnce) {
  const Example e = example(7, Device::cpu);
  const Stft stft(kFft, kHop, Device::cpu);
  Signals signals(stft, e.mixture, e.targets, 44100);
  signals.set_masks(Var(e.masks, true));
  const auto buffers = [&] {
    return std::vector<const float*>{signals.mixture_magnitude().data(),
                                     signals.target_magnitudes().data(),
                                     signals.mixture_spectrum().data(),
                                     signals.target_spectra().data(),
                                     signals.phase_cosines().data(),
                                     signals.ratio_masks().data(),
                                     signals.dominant_sources().data(),
                                     signals.estimates().value().data(),
                                     signals.estimate_magnitudes().value().data(),
                                     signals.estimate_spectra().value().data()};
  };
  const auto before = buffers();
  Var sum;
  for (const LossEntry& loss : loss_registry()) {
    const Var value = loss.compute(signals, context_of(Variant::code, Device::cpu));
    sum = sum.defined() ? sum + value : value;
  }
  sum.backward();
  EXPECT_EQ(buffers(), before);
}

TEST(Signals, TargetsAreWhatTheirNamesSay) {
  const Example e = example(8, Device::cpu);
  const Stft stft(kFft, kHop, Device::cpu);
  Signals signals(stft, e.mixture, e.targets, 44100);
  const std::vector<float> magnitudes = signals.target_magnitudes().to_vector(),
                           x = signals.mixture_spectrum().to_vector(), y = signals.target_spectra().to_vector(),
                           ratio = signals.ratio_masks().to_vector(), dominant = signals.dominant_sources().to_vector(),
                           cosine = signals.phase_cosines().to_vector();
  const size_t size = dominant.size();
  for (size_t i = 0; i < size; ++i) {
    double sum = 0.0;
    size_t loudest = 0;
    for (size_t k = 0; k < kSources; ++k) {
      sum += magnitudes[k * size + i];
      if (magnitudes[k * size + i] > magnitudes[loudest * size + i]) loudest = k;
    }
    EXPECT_EQ(dominant[i], static_cast<float>(loudest));
    for (size_t k = 0; k < kSources; ++k) {
      const size_t at = k * size + i;
      EXPECT_NEAR(ratio[at], magnitudes[at] / sum, tolerance::kValue);
      EXPECT_NEAR(magnitudes[at], std::hypot(y[2 * at], y[2 * at + 1]), tolerance::kValue * magnitudes[at]);
      const double angle = std::atan2(x[2 * i + 1], x[2 * i]) - std::atan2(y[2 * at + 1], y[2 * at]);
      EXPECT_NEAR(cosine[at], std::cos(angle), tolerance::kValue);
    }
  }
}

TEST(Signals, RefusesMasksOfAnotherShape) {
  const Example e = example(6, Device::cpu);
  const Stft stft(kFft, kHop, Device::cpu);
  Signals signals(stft, e.mixture, e.targets, 44100);
  EXPECT_NE(error_of([&] { signals.set_masks(Var(e.masks[0])); }), "");
  EXPECT_NE(error_of([&] { signals.masks(); }), "");
  EXPECT_NE(error_of([&] { Signals(stft, e.mixture[0], e.targets, 44100); }), "");
}

}  // namespace
}  // namespace unmix::test
