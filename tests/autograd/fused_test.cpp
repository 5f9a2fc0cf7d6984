// Operations against others that they replace, and what they do beside their value: running statistics, placement.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "autograd/loss_ops.h"
#include "autograd/openunmix_ops.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class Fused : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  Var leaf(const Shape& shape, uint64_t seed, double low = -1.0, double high = 1.0) const {
    return Var(random_tensor(shape, seed, low, high, device()), true);
  }
  BatchStatistics running(int64_t channels) const {
    return {random_tensor({channels}, 71, -1.0, 1.0, device()), random_tensor({channels}, 72, 0.5, 2.0, device())};
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Fused, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// Gradients of sum(weights * y) of all leaves; clears them.
std::vector<std::vector<float>> gradients(const Var& y, std::vector<Var> leaves) {
  const Var weights(random_tensor(y.shape(), 99, -1.0, 1.0, y.device()));
  sum(mul(y, weights)).backward();
  std::vector<std::vector<float>> result;
  for (Var& leaf : leaves) {
    result.push_back(leaf.grad().to_vector());
    leaf.clear_grad();
  }
  return result;
}

void expect_equal(const Var& a, const Var& b, const std::vector<Var>& leaves) {
  EXPECT_EQ(a.shape(), b.shape());
  EXPECT_LT(relative_error(a.value().to_vector(), b.value().to_vector()), tolerance::kValue);
  const auto of_a = gradients(a, leaves), of_b = gradients(b, leaves);
  for (size_t i = 0; i < leaves.size(); ++i)
    EXPECT_LT(relative_error(of_a[i], of_b[i]), tolerance::kValue) << "gradient of input " << i;
}

TEST_P(Fused, MaskHeadIsBatchNormScaleShiftRelu) {
  const int64_t rows = 500, channels = 2, bins = 37, columns = channels * bins;
  for (const bool training : {true, false}) {
    const Var x = leaf({rows, columns}, 1, -2.0, 3.0), weight = leaf({columns}, 2, 0.5, 1.5), bias = leaf({columns}, 3);
    const Var factor = leaf({bins}, 4, 0.5, 1.5), shift = leaf({bins}, 5);
    BatchStatistics fused = running(columns), composed = running(columns);
    const Var head = mask_head(x, {weight, bias, &fused, training}, factor, shift);
    const Var normal = reshape(batch_norm(x, {weight, bias, &composed, training}), {rows, channels, bins});
    const Var expected = reshape(relu(add(mul(normal, factor), shift)), {rows, columns});
    expect_equal(head, expected, {x, weight, bias, factor, shift});
    EXPECT_TRUE(same_bits(fused.mean.to_vector(), composed.mean.to_vector()));
    EXPECT_TRUE(same_bits(fused.variance.to_vector(), composed.variance.to_vector()));
  }
}

TEST_P(Fused, MaskHeadWritesToAGivenOutput) {
  const Var x = leaf({6, 4}, 1), weight = leaf({4}, 2), bias = leaf({4}, 3), factor = leaf({4}, 4),
            shift = leaf({4}, 5);
  BatchStatistics s = running(4);
  Tensor all = Tensor::full({2, 6, 4}, -1.0f, device());
  const Var y = mask_head(x, {weight, bias, &s, true}, factor, shift, all[1]);
  EXPECT_EQ(y.value().data(), all[1].data());
  EXPECT_EQ(all[0].to_vector(), std::vector<float>(24, -1.0f));
  const std::vector<float> written = all[1].to_vector();
  EXPECT_TRUE(std::all_of(written.begin(), written.end(), [](float value) { return value >= 0.0f; }));
}

TEST_P(Fused, StandardizeIsSliceAddMul) {
  const int64_t rows = 700, channels = 2, bins = 41, kept = 30;
  const Var x = leaf({rows, channels, bins}, 1), shift = leaf({kept}, 2), factor = leaf({kept}, 3, 0.5, 2.0);
  const Var expected = reshape(mul(add(slice(x, 2, 0, kept), shift), factor), {rows, channels * kept});
  expect_equal(standardize(x, shift, factor), expected, {x, shift, factor});
}

TEST_P(Fused, MaskedDistanceIsMulSubSquareMean) {
  const Var mask = leaf({3, 50, 70}, 1);
  const Tensor mixture = random_tensor({50, 70}, 2, -1.0, 1.0, device());
  const Tensor targets = random_tensor({3, 50, 70}, 3, -1.0, 1.0, device());
  const Var error = reshape(sub(mul(mask, Var(mixture)), Var(targets)), {3, 3500});
  const float count = 1.0f / 3500.0f;
  expect_equal(distance({mask, mixture}, targets, Distance::squared), scale(sum_axis(square(error), 1), count), {mask});
  const Var again = reshape(sub(mul(mask, Var(mixture)), Var(targets)), {3, 3500});
  expect_equal(distance({mask, mixture}, targets, Distance::absolute), scale(sum_axis(abs(again), 1), count), {mask});
}

TEST_P(Fused, StftMagnitudeIsTheMagnitudeOfStft) {
  const StftOptions options{64, 16, random_tensor({64}, 1, 0.1, 1.0, device()), true};
  const Tensor x = random_tensor({2, 3, 500}, 2, -1.0, 1.0, device());
  const Tensor direct = stft_magnitude(x, options);
  const Var composed = magnitude(stft(Var(x), options));
  EXPECT_EQ(direct.shape(), composed.shape());
  EXPECT_LT(relative_error(direct.to_vector(), composed.value().to_vector()), tolerance::kValue);
}

TEST_P(Fused, PartsThatLieInARowAreStackedInPlace) {
  const Tensor all = random_tensor({3, 2, 5}, 1, -1.0, 1.0, device());
  const Var a(all[0], true), b(all[1], true), c(all[2], true);
  const Var in_place = stack({a, b, c}), copied = stack({a, b, Var(all[2].clone())});
  EXPECT_EQ(in_place.value().data(), all.data());
  EXPECT_NE(copied.value().data(), all.data());
  EXPECT_EQ(in_place.value().to_vector(), copied.value().to_vector());
  const auto parts = gradients(in_place, {a, b, c});
  const std::vector<float> weights = random_values(30, -1.0, 1.0, 99);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(parts[i], std::vector<float>(weights.begin() + 10 * i, weights.begin() + 10 * (i + 1)));
}

TEST_P(Fused, PartsInAnotherOrderAreCopied) {
  const Tensor all = random_tensor({3, 4}, 1, -1.0, 1.0, device());
  const Var swapped = stack({Var(all[1]), Var(all[0]), Var(all[2])});
  EXPECT_EQ(swapped.value()[0].to_vector(), all[1].to_vector());
  EXPECT_EQ(swapped.value()[1].to_vector(), all[0].to_vector());
  const Var spaced = stack({Var(all[0]), Var(all[2])});
  EXPECT_EQ(spaced.value()[1].to_vector(), all[2].to_vector());
}

// running = (1 - momentum) running + momentum (batch mean, unbiased variance), Ioffe & Szegedy as PyTorch keeps it.
TEST_P(Fused, BatchNormMovesTheRunningStatistics) {
  const Tensor x = random_tensor({4, 3, 50}, 1, 1.0, 5.0, device());
  const ReferenceStatistics batch = reference_statistics(array_of(x));
  const Var one(Tensor::full({3}, 1.0f, device())), zero(Tensor::zeros({3}, device()));
  BatchStatistics s = running(3);
  Doubles mean = array_of(s.mean).values, variance = array_of(s.variance).values;
  for (const float momentum : {0.1f, 0.3f}) {
    batch_norm(Var(x), {one, zero, &s, true, momentum});
    for (size_t c = 0; c < 3; ++c) {
      mean[c] += momentum * (batch.mean[c] - mean[c]);
      variance[c] += momentum * (batch.variance[c] * 200.0 / 199.0 - variance[c]);
    }
    EXPECT_LT(relative_error(s.mean.to_vector(), mean), tolerance::kValue);
    EXPECT_LT(relative_error(s.variance.to_vector(), variance), tolerance::kValue);
  }
  const std::vector<float> before = s.mean.to_vector();
  batch_norm(Var(x), {one, zero, &s, false});
  EXPECT_TRUE(same_bits(s.mean.to_vector(), before)) << "evaluation moved them";
}

TEST_P(Fused, BatchNormKeepsItsDigitsFarFromZero) {
  std::vector<float> values = random_values(4000, -1.0, 1.0, 1);
  for (float& value : values) value = 4096.0f + std::round(value * 512.0f) / 512.0f;  // exact in float32
  const Tensor x = Tensor::from(values, {2000, 2}, device());
  BatchStatistics s = running(2);
  const Var y =
      batch_norm(Var(x), {Var(Tensor::full({2}, 1.0f, device())), Var(Tensor::zeros({2}, device())), &s, true});
  const Array array = array_of(x);
  EXPECT_LT(relative_error(y.value().to_vector(), reference_normalize(array, reference_statistics(array), 1e-5)),
            tolerance::kFarFromZero);
}

// The variance is summed from deviations: they must not be taken from a value that lies far off, such as a first frame.
TEST_P(Fused, BatchNormKeepsItsDigitsBesideAValueFarOff) {
  for (const Shape& shape : {Shape{200'000, 2}, Shape{2, 2, 100'000}}) {
    Tensor values = random_tensor(shape, 1);
    values.data()[0] = 200.0f;  // 300 deviations
    const Tensor x = values.to(device());
    BatchStatistics s{Tensor::zeros({2}, device()), Tensor::zeros({2}, device())};
    batch_norm(Var(x), {Var(Tensor::full({2}, 1.0f, device())), Var(Tensor::zeros({2}, device())), &s, true, 1.0f});
    Doubles variance = reference_statistics(array_of(x)).variance;
    for (double& v : variance) v *= 200'000.0 / 199'999.0;
    EXPECT_LT(relative_error(s.variance.to_vector(), variance), tolerance::kValue) << to_string(shape);
  }
}

TEST_P(Fused, OfEqualLargestValuesTheFirstTakesTheGradient) {
  const Var x(Tensor::from(std::vector<float>{1, 1, 1, 0}, {1, 1, 2, 2}, device()), true);
  sum(max_pool2d(x, 2, 2)).backward();
  EXPECT_EQ(x.grad().to_vector(), (std::vector<float>{1, 0, 0, 0}));
}

TEST_P(Fused, ANaNIsNotHidden) {
  const Var x(Tensor::from(std::vector<float>{1.0f, NAN, -1.0f, 2.0f}, {4}, device()));
  EXPECT_TRUE(std::isnan(relu(x).value().to_vector()[1]));
  EXPECT_TRUE(std::isnan(leaky_relu(x, 0.1f).value().to_vector()[1]));
  EXPECT_TRUE(std::isnan(tanh(x).value().to_vector()[1]));
  EXPECT_TRUE(std::isnan(sigmoid(x).value().to_vector()[1]));
  EXPECT_TRUE(std::isnan(clamp_min(x, 0.0f).value().to_vector()[1]));
  EXPECT_TRUE(std::isnan(sum(x).value().item()));
  EXPECT_TRUE(std::isnan(max_pool2d(reshape(x, {1, 1, 2, 2}), 2, 2).value().item()));
  BatchStatistics s = running(2);
  const Var two(Tensor::full({2}, 1.0f, device()));
  EXPECT_TRUE(std::isnan(mask_head(reshape(x, {2, 2}), {two, two, &s, true}, two, two).value().to_vector()[1]));
}

TEST_P(Fused, AtKinksTheDerivativeIsZeroAndNeverNaN) {
  const auto derivative_at_zero = [&](const std::function<Var(const Var&)>& f) {
    const Var x(Tensor::zeros({2}, device()), true);
    sum(f(x)).backward();
    return x.grad().to_vector()[0];
  };
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return abs(x); }), 0.0f);
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return sqrt(x); }), 0.0f);
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return relu(x); }), 0.0f);
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return clamp_min(x, 0.0f); }), 0.0f);
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return leaky_relu(x, 0.25f); }), 0.25f);
  EXPECT_EQ(derivative_at_zero([](const Var& x) { return magnitude(x); }), 0.0f);
}

}  // namespace
}  // namespace unmix::test
