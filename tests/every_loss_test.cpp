// What every registered loss must do, in both variants and on every device present.
#include <gtest/gtest.h>

#include <cmath>

#include "losses/registry.h"
#include "tests/audio_helpers.h"
#include "tests/tensor_helpers.h"
#include "tests/tolerances.h"

namespace unmix::test {
namespace {

constexpr int64_t kSources = 4, kBatch = 2, kChannels = 2, kSamples = 1024, kFft = 128, kHop = 32;

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

Result compute(const LossEntry& loss, Variant variant, const Example& e, bool with_gradient = true) {
  const Stft stft(kFft, kHop, e.mixture.device());
  Signals signals(stft, e.mixture, e.targets);
  Var masks(e.masks, with_gradient);
  signals.set_masks(masks);
  Var value = loss.compute(signals, variant);
  EXPECT_EQ(value.size(), 1);
  value.backward();
  return {value.value().item(), with_gradient ? masks.grad().to_vector() : std::vector<float>{}};
}

// (L(m + h d) - L(m - h d)) / 2h along a random direction, against the gradient times `slope`.
double directional_error(const LossEntry& loss, Variant variant, const Example& e, double slope) {
  const Tensor direction = random_tensor(e.masks.shape(), 99);
  const std::vector<float> d = direction.to_vector(), m = e.masks.to_vector();
  const Result at = compute(loss, variant, e);
  double along = 0.0;
  for (size_t i = 0; i < d.size(); ++i) along += slope * static_cast<double>(d[i]) * at.gradient[i];
  const double h = 1e-2;
  double difference = 0.0;
  for (const double sign : {1.0, -1.0}) {
    std::vector<float> moved(m.size());
    for (size_t i = 0; i < m.size(); ++i) moved[i] = static_cast<float>(m[i] + sign * h * d[i]);
    Example shifted = e;
    shifted.masks = Tensor::from(moved, e.masks.shape(), e.masks.device());
    difference += sign * compute(loss, variant, shifted, false).loss;
  }
  return std::fabs(difference / (2.0 * h) - along) / std::fabs(along);
}

using Param = std::tuple<const LossEntry*, Variant, Device>;

class EveryLoss : public testing::TestWithParam<Param> {
 protected:
  const LossEntry& loss_ = *std::get<0>(GetParam());
  Variant variant_ = std::get<1>(GetParam());
  Device device_ = std::get<2>(GetParam());
};

TEST_P(EveryLoss, GradientIsTheSlope) {
  EXPECT_LT(directional_error(loss_, variant_, example(1, device_), 1.0), tolerance::kDirectionalDerivative);
}

TEST_P(EveryLoss, WrongSlopeIsSeen) {
  EXPECT_GT(directional_error(loss_, variant_, example(1, device_), 1.02), tolerance::kDirectionalDerivative);
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
  Signals signals(stft, e.mixture, e.targets);
  signals.set_masks(Var(e.masks));
  EXPECT_FALSE(loss_.compute(signals, variant_).requires_grad());
}

TEST_P(EveryLoss, DevicesAgree) {
  const Result here = compute(loss_, variant_, example(4, device_)),
               cpu = compute(loss_, variant_, example(4, Device::cpu));
  EXPECT_NEAR(here.loss / cpu.loss, 1.0, tolerance::kDevices);
  EXPECT_LT(relative_error(here.gradient, cpu.gradient), tolerance::kDevices);
}

TEST_P(EveryLoss, WorksWithoutWaveformsWhereItSaysSo) {
  const Example e = example(5, device_);
  const Stft stft(kFft, kHop, device_);
  Signals signals(stft, e.mixture, e.targets);
  signals.keep_magnitudes_only();
  signals.set_masks(Var(e.masks));
  if (loss_.needs_waveforms)
    EXPECT_NE(error_of([&] { loss_.compute(signals, variant_); }), "");
  else
    EXPECT_EQ(loss_.compute(signals, variant_).value().item(), static_cast<float>(compute(loss_, variant_, e).loss));
}

std::vector<Param> all_losses() {
  std::vector<Param> params;
  for (const LossEntry& loss : loss_registry())
    for (const Variant variant : {Variant::seed, Variant::paper})
      for (const Device device : devices_present()) params.emplace_back(&loss, variant, device);
  return params;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryLoss, testing::ValuesIn(all_losses()), [](const auto& info) {
  return std::string(std::get<0>(info.param)->name) +
         (std::get<1>(info.param) == Variant::seed ? "_seed_" : "_paper_") + std::string(name(std::get<2>(info.param)));
});

TEST(LossRegistry, UnknownNameListsTheNearest) {
  const std::string message = error_of([] { find_loss("L2frek"); });
  EXPECT_NE(message.find("L2freq"), std::string::npos) << message;
  EXPECT_EQ(find_loss("l2FREQ").name, "L2freq");
}

TEST(Signals, RefusesMasksOfAnotherShape) {
  const Example e = example(6, Device::cpu);
  const Stft stft(kFft, kHop, Device::cpu);
  Signals signals(stft, e.mixture, e.targets);
  EXPECT_NE(error_of([&] { signals.set_masks(Var(e.masks[0])); }), "");
  EXPECT_NE(error_of([&] { signals.masks(); }), "");
  EXPECT_NE(error_of([&] { Signals(stft, e.mixture[0], e.targets); }), "");
}

}  // namespace
}  // namespace unmix::test
