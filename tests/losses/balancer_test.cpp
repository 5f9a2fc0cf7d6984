// Weights as shares of the gradient.
#include "losses/balancer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class Balanced : public ::testing::TestWithParam<Device> {
 protected:
  struct Result {
    double value;
    std::vector<float> gradient;
  };

  Signals signals(float level = 1.0f) const {
    const Tensor targets = random_tensor({2, 1, 2, 200}, 1, -level, level, GetParam());
    return {stft_, sum_axis(Var(targets), 0).value(), targets, 44100};
  }
  Result run(const char* text, Balancer* balancer, float level = 1.0f) const {
    const Objective objective(text);
    Signals s = signals(level);
    const Var masks(random_tensor({2, stft_.frames(200), 1, 2, stft_.bins()}, 2, 0.1, 0.9, GetParam()), true);
    s.set_masks(masks);
    Var value = balancer != nullptr ? (*balancer)(objective, s) : objective(s);
    value.backward();
    return {value.value().item(), masks.grad().to_vector()};
  }
  Balancer balancer(const char* text) const { return {Objective(text), GetParam()}; }

  const Stft stft_{64, 16, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Devices, Balanced, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

double norm(const std::vector<float>& x) {
  double squares = 0.0;
  for (const float v : x) squares += static_cast<double>(v) * v;
  return std::sqrt(squares);
}

TEST_P(Balanced, GradientIsTheSumOfUnitGradientsTimesShares) {
  const char* text = "3*L2freq + SISDRtime";
  Balancer b = balancer(text);
  const Result balanced = run(text, &b), first = run("L2freq", nullptr), second = run("SISDRtime", nullptr);
  EXPECT_NEAR(balanced.value, 3.0 * first.value + second.value, tolerance::kValue * std::fabs(balanced.value));
  std::vector<float> expected(first.gradient.size());
  for (size_t i = 0; i < expected.size(); ++i)
    expected[i] = static_cast<float>(0.75 * first.gradient[i] / norm(first.gradient) +
                                     0.25 * second.gradient[i] / norm(second.gradient));
  EXPECT_LT(relative_error(balanced.gradient, expected), tolerance::kValue);
  EXPECT_GT(relative_error(run(text, nullptr).gradient, expected), 0.1);  // unbalanced it is another
}

TEST_P(Balanced, NormsAreMovingAverages) {
  Balancer b = balancer("L2freq");
  run("L2freq", &b);
  const double first = norm(run("L2freq", nullptr).gradient), louder = norm(run("L2freq", nullptr, 2.0f).gradient);
  ASSERT_GT(louder, 3.0 * first);
  const double average = (0.999 * first + louder) / 1.999;
  EXPECT_NEAR(norm(run("L2freq", &b, 2.0f).gradient), louder / average, tolerance::kValue * louder / average);
}

TEST_P(Balanced, StateContinuesElsewhere) {
  const char* text = "L2freq + L1time";
  Balancer whole = balancer(text), resumed = balancer(text);
  run(text, &whole);
  resumed.load_state(whole.state().to_vector());
  EXPECT_TRUE(same_bits(run(text, &whole, 3.0f).gradient, run(text, &resumed, 3.0f).gradient));
}

TEST_P(Balanced, TermsWithoutAGradientAreLeftOut) {
  const char* text = "L2freq + L1time";
  Balancer b = balancer(text);
  for (const float g : run(text, &b, 0.0f).gradient) EXPECT_EQ(g, 0.0f);
}

}  // namespace
}  // namespace unmix::test
