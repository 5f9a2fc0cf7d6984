// Distances of VGGish features: values and gradients against PyTorch in float64, patches a few at a time.
#include "losses/deep_feature.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio_helpers.h"
#include "golden_file.h"
#include "tensor_helpers.h"
#include "tolerances.h"
#include "vggish_helpers.h"

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
          deep_feature_patches);
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
      const Tensor target = deep_feature_patches(Var(targets)).value();
      Var loss = deep_feature_distance(*network_, deep_feature_patches(x), target, 2);
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
  const Tensor all = deep_feature_patches_of_magnitudes(Var(magnitudes)).value();
  ASSERT_EQ(all.shape(), (Shape{6, 1, 96, 64}));
  for (int64_t k = 0; k < 2; ++k)
    EXPECT_LT(relative_error(all.rows(3 * k, 3 * k + 3).to_vector(),
                             deep_feature_patches_of_magnitudes(Var(magnitudes.rows(k, k + 1))).value().to_vector()),
              tolerance::kValue);
}

TEST_P(DeepFeature, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of([&] { deep_feature_distance(*network_, Var(patches(1, 2)), patches(1, 1), 1); }), "");
  EXPECT_NE(error_of([&] { deep_feature_distance(*network_, Var(patches(1, 3)), patches(1, 3), 2); }), "");
  EXPECT_NE(error_of([&] { deep_feature_patches(Var(Tensor::zeros({2, 3, 4}, device()))); }), "");
}

}  // namespace
}  // namespace unmix::test
