// Dropout: how much it drops, that its choice hangs on (seed, stream) alone, and that its gradient drops the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/ops.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

constexpr int64_t kCount = 200003;

class Dropout : public ::testing::TestWithParam<Device> {
 protected:
  std::vector<float> of_ones(float p, uint64_t seed, uint64_t stream) const {
    return dropout(Var(Tensor::full({kCount}, 1.0f, GetParam())), p, seed, stream).value().to_vector();
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Dropout, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

double share_of(const std::vector<float>& values, float value) {
  return static_cast<double>(std::count(values.begin(), values.end(), value)) / static_cast<double>(values.size());
}

double allowed(double p) {
  return tolerance::kRandomDeviations * std::sqrt(p * (1.0 - p) / static_cast<double>(kCount));
}

TEST_P(Dropout, DropsTheShareAskedForAndScalesTheRest) {
  for (const float p : {0.1f, 0.4f, 0.9f}) {
    const std::vector<float> y = of_ones(p, 3, 7);
    EXPECT_NEAR(share_of(y, 0.0f), p, allowed(p));
    EXPECT_EQ(share_of(y, 0.0f) + share_of(y, 1.0f / (1.0f - p)), 1.0);
    // Not another share: what the check above must notice.
    EXPECT_GT(std::fabs(share_of(y, 0.0f) - (p + 0.01)), allowed(p));
  }
}

TEST_P(Dropout, NeighboursAreIndependent) {
  const std::vector<float> y = of_ones(0.5f, 3, 7);
  for (const size_t distance : {1, 2, 3, 4, 64}) {
    int64_t equal = 0;
    for (size_t i = distance; i < y.size(); ++i) equal += y[i] == y[i - distance];
    EXPECT_NEAR(static_cast<double>(equal) / static_cast<double>(kCount), 0.5, 2.0 * allowed(0.5)) << distance;
  }
}

TEST_P(Dropout, SeedAndStreamDecide) {
  const std::vector<float> y = of_ones(0.5f, 3, 7);
  EXPECT_TRUE(same_bits(y, of_ones(0.5f, 3, 7)));
  for (const std::vector<float>& other : {of_ones(0.5f, 4, 7), of_ones(0.5f, 3, 8), of_ones(0.5f, 7, 3)}) {
    int64_t equal = 0;
    for (size_t i = 0; i < y.size(); ++i) equal += y[i] == other[i];
    EXPECT_NEAR(static_cast<double>(equal) / static_cast<double>(kCount), 0.5, allowed(0.5));
  }
}

TEST_P(Dropout, TheSameOnEveryDeviceAndAtEveryLength) {
  const std::vector<float> y = of_ones(0.4f, 3, 7);
  const std::vector<float> on_cpu = dropout(Var(Tensor::full({kCount}, 1.0f)), 0.4f, 3, 7).value().to_vector();
  EXPECT_TRUE(same_bits(y, on_cpu));
  const Var shorter = dropout(Var(Tensor::full({1001}, 1.0f, GetParam())), 0.4f, 3, 7);
  EXPECT_TRUE(same_bits(shorter.value().to_vector(), std::vector<float>(y.begin(), y.begin() + 1001)));
}

TEST_P(Dropout, TheGradientIsDroppedAlike) {
  const Var x(Tensor::full({kCount}, 1.0f, GetParam()), true);
  const Var y = dropout(x, 0.4f, 3, 7);
  sum(y).backward();
  EXPECT_TRUE(same_bits(x.grad().to_vector(), of_ones(0.4f, 3, 7)));
}

TEST_P(Dropout, WithProbabilityZeroNothingIsDropped) { EXPECT_EQ(share_of(of_ones(0.0f, 3, 7), 1.0f), 1.0); }

}  // namespace
}  // namespace unmix::test
