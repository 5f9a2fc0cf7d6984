// Distances of VGGish features: values and gradients against PyTorch in float64, patches a few at a time.
#include "losses/deep_feature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "losses/losses.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "tests/support/vggish_helpers.h"

namespace unmix::test {
namespace {

constexpr DeepFeatureWeights kFeature{1.0, 0.0}, kStyle{0.0, 1.0};

class DeepFeature : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  double value_tolerance() const { return device() == Device::cpu ? tolerance::kGolden : tolerance::kDevicesLibrary; }
  double gradient_tolerance() const {
    return device() == Device::cpu ? tolerance::kGoldenGradient : tolerance::kDevicesLibrary;
  }
  Tensor patches(uint32_t stream, int64_t count) const {
    return hashed(stream, {count, 1, 96, 64}, 6.0, -1.5, device());
  }

  // Of estimates and targets that `patches_of` turns into patches, two sources, against the goldens `name`.
  template <class PatchesOf>
  void compare(const std::string& name, const Tensor& estimates, const Tensor& targets, int stride,
               const PatchesOf& patches_of) {
    const Var estimate(estimates, true);
    const Tensor target = patches_of(Var(targets)).value();
    const auto value = [&](const DeepFeatureWeights& weights) {
      const NoGrad no_grad;
      return deep_feature_distance(*network_, patches_of(estimate), target, 2, weights).value().item();
    };
    const double feature = golden_.values(name + ".feature")[0], style = golden_.values(name + ".style")[0];
    EXPECT_NEAR(value(kFeature) / feature, 1.0, value_tolerance());
    EXPECT_NEAR(value(kStyle) / style, 1.0, value_tolerance());
    Var total = deep_feature_distance(*network_, patches_of(estimate), target, 2);
    EXPECT_NEAR(total.value().item() / (feature / 2.0 + style * 10.0 / 3.0), 1.0, value_tolerance());
    total.backward();
    const std::vector<float> all = estimate.grad().to_vector(), expected = golden_.tensor(name + ".grad").to_vector();
    std::vector<float> some;
    for (size_t i = 0; i < all.size(); i += static_cast<size_t>(stride)) some.push_back(all[i]);
    EXPECT_LT(relative_error(some, expected), gradient_tolerance());
    // Negative control: the gradient of other weights.
    Var(estimate).clear_grad();
    deep_feature_distance(*network_, patches_of(estimate), target, 2, {0.5, 3.0}).backward();
    EXPECT_GT(relative_error(estimate.grad().to_vector(), all), 10 * gradient_tolerance());
  }

  const GoldenFile golden_{"vggish"};
  const std::unique_ptr<Vggish> network_ = hashed_vggish(device());
};

INSTANTIATE_TEST_SUITE_P(Devices, DeepFeature, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(DeepFeature, OfPatchesIsPyTorchs) {
  compare("loss", patches(220, 4), patches(221, 4), 7, [](const Var& x) { return x; });
}

TEST_P(DeepFeature, OfWaveformsIsPyTorchs) {
  const Shape shape{2, 1, 2, 44100};
  compare("waveform", hashed(230, shape, 0.5, 0.0, device()), hashed(231, shape, 0.5, 0.0, device()), 61,
          [](const Var& x) { return deep_feature_patches(x, 44100); });
}

// 40 patches go in three parts; a few of them alone gives its share of the value and of the gradient.
TEST_P(DeepFeature, PartsOfThePatchesAddUp) {
  const int64_t count = 40;
  const Tensor targets = patches(1, count);
  const Var all(patches(2, count), true);
  Var together = deep_feature_distance(*network_, all, targets, 1);
  double sum = 0.0;
  std::vector<float> gradient;
  for (int64_t i = 0; i < count; i += 10) {
    const Var some(all.value().rows(i, i + 10), true);
    Var part = deep_feature_distance(*network_, some, targets.rows(i, i + 10), 1);
    sum += part.value().item() / 4.0;
    part.backward();
    for (const float value : some.grad().to_vector()) gradient.push_back(value / 4.0f);
  }
  EXPECT_NEAR(together.value().item() / sum, 1.0, tolerance::kGolden);
  together.backward();
  EXPECT_LT(relative_error(all.grad().to_vector(), gradient), tolerance::kGolden);
}

// Matrices that are much the same, as features are: the difference of two float32 Gram matrices is about 1e-3 off.
TEST_P(DeepFeature, GramMatricesThatAreMuchTheSame) {
  const Tensor x = hashed(240, {1, 2, 64}, 1.0, 1000.0, device()), y = hashed(241, {1, 2, 64}, 1.0, 1000.0, device());
  const std::vector<float> a = x.to_vector(), b = y.to_vector();
  std::vector<float> expected;
  for (size_t i = 0; i < 2; ++i)
    for (size_t j = 0; j < 2; ++j) {
      double difference = 0.0;
      for (size_t k = 0; k < 64; ++k)
        difference += double{a[64 * i + k]} * a[64 * j + k] - double{b[64 * i + k]} * b[64 * j + k];
      expected.push_back(static_cast<float>(difference));
    }
  EXPECT_LT(relative_error(gram_difference(Var(x), y).value().to_vector(), expected), tolerance::kValue);
}

TEST_P(DeepFeature, ItsGradientFollowsWhatComesAfterIt) {
  const Tensor targets = patches(1, 1);
  const auto gradient = [&](float factor) {
    const Var x(patches(2, 1), true);
    scale(deep_feature_distance(*network_, x, targets, 1), factor).backward();
    return x.grad().to_vector();
  };
  std::vector<float> twice = gradient(1.0f);
  for (float& value : twice) value *= 2.0f;
  EXPECT_TRUE(same_bits(gradient(2.0f), twice));
}

TEST_P(DeepFeature, IsNothingForPerfectEstimatesAndFiniteForSilentOnes) {
  const Tensor noise = hashed(3, {2, 1, 2, 30000}, 0.5, 0.0, device());
  const Tensor silence = Tensor::zeros(noise.shape(), device());
  for (const Tensor& estimates : {noise, silence})
    for (const Tensor& targets : {noise, silence}) {
      const Var x(estimates, true);
      const Tensor target = deep_feature_patches(Var(targets), 44100).value();
      Var loss = deep_feature_distance(*network_, deep_feature_patches(x, 44100), target, 2);
      if (estimates.shares_buffer(targets))
        EXPECT_EQ(loss.value().item(), 0.0f);
      else
        EXPECT_GT(loss.value().item(), 0.0f);
      loss.backward();
      for (const float value : x.grad().to_vector()) ASSERT_TRUE(std::isfinite(value));
    }
}

TEST_P(DeepFeature, BuildsAGraphForEstimatesAlone) {
  EXPECT_FALSE(deep_feature_distance(*network_, Var(patches(1, 1)), patches(2, 1), 1).requires_grad());
  EXPECT_TRUE(deep_feature_distance(*network_, Var(patches(1, 1), true), patches(2, 1), 1).requires_grad());
}

TEST_P(DeepFeature, MagnitudesBecomePatchesSourceBySource) {
  const Tensor magnitudes = random_tensor({2, 96, 3, 2, 65}, 1, 0.0, 9.0, device());
  const Tensor all = deep_feature_patches_of_magnitudes(Var(magnitudes), 44100).value();
  ASSERT_EQ(all.shape(), (Shape{6, 1, 96, 64}));
  for (int64_t k = 0; k < 2; ++k)
    EXPECT_LT(
        relative_error(all.rows(3 * k, 3 * k + 3).to_vector(),
                       deep_feature_patches_of_magnitudes(Var(magnitudes.rows(k, k + 1)), 44100).value().to_vector()),
        tolerance::kValue);
}

// A tone of 1 kHz with soft ends at 16 kHz, (2, 1, 1, 20000).
Tensor tone_at_16_khz(Device device) {
  std::vector<float> samples(2 * 20000);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i % 20000), envelope = std::sin(std::numbers::pi * t / 20000);
    samples[i] = static_cast<float>((i < 20000 ? 0.9 : 0.3) * envelope * std::sin(2 * std::numbers::pi * t / 16));
  }
  return Tensor::from(samples, {2, 1, 1, 20000}, device);
}

TEST_P(DeepFeature, SoundIsTheSameAtEveryRate) {
  const Tensor low = tone_at_16_khz(device()), high = resample(Var(low), 16000, 44100).value();
  const auto of = [](const Tensor& x, int rate) { return deep_feature_patches(Var(x), rate).value().to_vector(); };
  // Resampled there and back: measured 2.4e-3, since the logarithm of nearly empty bands shows the filters' rest.
  EXPECT_LT(relative_error(of(high, 44100), of(low, 16000)), 5e-3);
  EXPECT_GT(relative_error(of(low, 44100), of(low, 16000)), 100 * tolerance::kVggish);  // negative control
  // Magnitudes: the same frequencies in transforms of the same length in seconds.
  const auto mapped = [&](const Tensor& x, int rate, int64_t n_fft) {
    const Stft stft(n_fft, n_fft / 4, device());
    Tensor magnitudes = Tensor::empty({2, stft.frames(x.dim(3)), 1, 1, stft.bins()}, device());
    for (int64_t k = 0; k < 2; ++k) stft.parts(x[k], {}, magnitudes[k]);
    return deep_feature_patches_of_magnitudes(Var(magnitudes), rate).value().to_vector();
  };
  EXPECT_LT(relative_error(mapped(high, 44100, 1764), mapped(low, 16000, 640)), 0.02);  // other bins in a band
  EXPECT_GT(relative_error(mapped(low, 44100, 640), mapped(low, 16000, 640)), 0.2);
}

TEST_P(DeepFeature, TheLossHasTheRateOfItsSignals) {
  const Stft stft(512, 128, device());
  const Tensor targets = tone_at_16_khz(device());
  const auto features = [&](int rate) {
    Signals signals(stft, sum_axis(Var(targets), 0).value(), targets, rate);
    signals.set_masks(Var(random_tensor({2, stft.frames(20000), 1, 1, stft.bins()}, 2, 0.1, 0.9, device())));
    const LossContext context{.variant = Variant::paper, .features = network_.get()};
    const double all = deep_feature(signals, context).value().item() - l2freq(signals, context).value().item();
    const Var estimates = deep_feature_patches(signals.estimates(), 16000);
    const Tensor patches = deep_feature_patches(Var(targets), 16000).value();
    return all / deep_feature_distance(*network_, estimates, patches, 2).value().item();
  };
  EXPECT_NEAR(features(16000), 1.0, tolerance::kVggish);
  EXPECT_GT(std::fabs(features(44100) - 1.0), 0.01);
}

TEST_P(DeepFeature, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of([&] { deep_feature_distance(*network_, Var(patches(1, 2)), patches(1, 1), 1); }), "");
  EXPECT_NE(error_of([&] { deep_feature_distance(*network_, Var(patches(1, 3)), patches(1, 3), 2); }), "");
  EXPECT_NE(error_of([&] { deep_feature_patches(Var(Tensor::zeros({2, 3, 4}, device())), 44100); }), "");
}

}  // namespace
}  // namespace unmix::test
