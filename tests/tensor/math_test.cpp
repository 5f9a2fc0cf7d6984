// Our elementary functions against libm in double.
#include "tensor/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Worst {
  double ulp = 0.0, at = 0.0;
};

// The largest error at a million points between low and high.
template <class F, class Exact>
Worst worst_ulp(double low, double high, F f, Exact exact) {
  Worst worst;
  constexpr int kPoints = 1000000;
  for (int i = 0; i <= kPoints; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / kPoints);
    const double ulp = ulp_error(f(x), exact(static_cast<double>(x)));
    if (ulp > worst.ulp) worst = {ulp, x};
  }
  return worst;
}

double exact_exp(double x) { return std::exp(x); }
double exact_sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double exact_tanh(double x) { return std::tanh(x); }
double exact_log(double x) { return std::log(x); }
double exact_log1p(double x) { return std::log1p(x); }

TEST(Math, ExpIsExactToTheLastPlaces) {
  for (const auto& [low, high] : {std::pair(-87.0, 88.0), {-1.0, 1.0}, {-1e-3, 1e-3}}) {
    const Worst worst = worst_ulp(low, high, exp_approx, exact_exp);
    EXPECT_LT(worst.ulp, tolerance::kExpUlp) << "at " << worst.at;
  }
}

TEST(Math, SigmoidIsExactToTheLastPlaces) {
  for (const auto& [low, high] : {std::pair(-80.0, 80.0), {-4.0, 4.0}, {-1e-3, 1e-3}}) {
    const Worst worst = worst_ulp(low, high, sigmoid, exact_sigmoid);
    EXPECT_LT(worst.ulp, tolerance::kSigmoidUlp) << "at " << worst.at;
  }
}

TEST(Math, LogIsExactToTheLastPlaces) {
  for (const auto& [low, high] : {std::pair(1e-37, 1e-30), {1e-3, 0.99}, {1.01, 100.0}, {1e30, 3e38}}) {
    const Worst worst = worst_ulp(low, high, log_approx, exact_log);
    EXPECT_LT(worst.ulp, tolerance::kLogUlp) << "at " << worst.at;
  }
}

TEST(Math, Log1pIsExactToTheLastPlaces) {
  for (const auto& [low, high] : {std::pair(0.0, 1e-6), {1e-6, 1e-2}, {0.0, 3.0}}) {
    const Worst worst = worst_ulp(low, high, log1p_approx, exact_log1p);
    EXPECT_LT(worst.ulp, tolerance::kLogUlp) << "at " << worst.at;
  }
}

TEST(Math, TanhIsExactToTheLastPlaces) {
  for (const auto& [low, high] : {std::pair(-20.0, 20.0), {-1.0, 1.0}, {0.6, 0.65}, {-1e-3, 1e-3}, {-1e-30, 1e-30}}) {
    const Worst worst = worst_ulp(low, high, tanh_approx, exact_tanh);
    EXPECT_LT(worst.ulp, tolerance::kTanhUlp) << "at " << worst.at;
  }
}

TEST(Math, TheEndsAreSane) {
  EXPECT_EQ(exp_approx(0.0f), 1.0f);
  EXPECT_GT(exp_approx(kInfinity), 1e38f);
  EXPECT_LT(exp_approx(-kInfinity), 2e-38f);
  EXPECT_EQ(sigmoid(kInfinity), 1.0f);
  EXPECT_LT(sigmoid(-kInfinity), 1e-37f);
  EXPECT_GE(sigmoid(-kInfinity), 0.0f);
  EXPECT_EQ(tanh_approx(kInfinity), 1.0f);
  EXPECT_EQ(tanh_approx(-kInfinity), -1.0f);
  EXPECT_EQ(tanh_approx(0.0f), 0.0f);
}

TEST(Math, NaNStaysNaN) {
  EXPECT_TRUE(std::isnan(exp_approx(kNaN)));
  EXPECT_TRUE(std::isnan(log_approx(kNaN)));
  EXPECT_TRUE(std::isnan(log1p_approx(kNaN)));
  EXPECT_EQ(log_approx(kInfinity), kInfinity);
  EXPECT_NEAR(log_approx(0.0f), -87.3f, 0.1f);
  EXPECT_TRUE(std::isnan(sigmoid(kNaN)));
  EXPECT_TRUE(std::isnan(tanh_approx(kNaN)));
}

// What the checks above must notice: exp by its polynomial without the last term.
TEST(Math, ACoarserFunctionFails) {
  const auto coarse = [](float x) { return 1.0f + x + x * x / 2 + x * x * x / 6 + x * x * x * x / 24; };
  EXPECT_GT(worst_ulp(-0.3, 0.3, coarse, exact_exp).ulp, 10 * tolerance::kExpUlp);
  EXPECT_EQ(ulp_error(1.0f, 1.0), 0.0);
  EXPECT_EQ(ulp_error(std::nextafter(1.0f, 2.0f), 1.0), 1.0);
  EXPECT_EQ(ulp_error(0x1p-149f, 0.0), 1.0);
}

}  // namespace
}  // namespace unmix::test
