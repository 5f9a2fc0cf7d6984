// Block Toeplitz systems made from the correlations of random signals, against their definition.
#include "evaluation/block_toeplitz.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace unmix::test {
namespace {

using Signals = std::vector<std::vector<double>>;

Signals noise(size_t channels, size_t samples, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  Signals signals(channels, std::vector<double>(samples));
  for (auto& signal : signals)
    for (double& x : signal) x = normal(generator);
  return signals;
}

// r_ac(lag) = sum_t x_a(t) x_c(t + lag): positive definite, since the signals end.
struct System {
  System(Signals signals, int64_t number_of_taps) : x(std::move(signals)), taps(number_of_taps) {}

  double entry(int64_t a, int64_t c, int64_t lag) const {
    const auto &left = x[static_cast<size_t>(a)], &right = x[static_cast<size_t>(c)];
    double sum = 0;
    for (int64_t t = std::max<int64_t>(0, -lag); t < std::min<int64_t>(length(), length() - lag); ++t)
      sum += left[static_cast<size_t>(t)] * right[static_cast<size_t>(t + lag)];
    return sum;
  }
  int64_t length() const { return static_cast<int64_t>(x[0].size()); }
  int64_t channels() const { return static_cast<int64_t>(x.size()); }

  // T times a matrix of `columns` columns.
  std::vector<double> times(const std::vector<double>& v, int64_t columns) const {
    std::vector<double> result(v.size(), 0.0);
    for (int64_t a = 0; a < channels(); ++a)
      for (int64_t c = 0; c < channels(); ++c)
        for (int64_t i = 0; i < taps; ++i)
          for (int64_t j = 0; j < taps; ++j)
            for (int64_t k = 0; k < columns; ++k)
              result[static_cast<size_t>((a * taps + i) * columns + k)] +=
                  entry(a, c, i - j) * v[static_cast<size_t>((c * taps + j) * columns + k)];
    return result;
  }
  bool solve(std::vector<double>& b, int64_t columns, int threads = 1) const {
    return solve_block_toeplitz(
        channels(), taps, [&](int64_t a, int64_t c, int64_t lag) { return entry(a, c, lag); }, b, columns, threads);
  }

  Signals x;
  int64_t taps;
};

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

TEST(BlockToeplitz, FindsTheSolutions) {
  for (const auto& [channels, taps, columns] : {std::tuple{1, 1, 1}, {1, 7, 2}, {2, 12, 2}, {3, 9, 5}, {5, 20, 3}}) {
    const System system(noise(static_cast<size_t>(channels), 200, 1), taps);
    const std::vector<double> x = noise(1, static_cast<size_t>(channels * taps * columns), 2)[0];
    std::vector<double> b = system.times(x, columns);
    ASSERT_TRUE(system.solve(b, columns));
    EXPECT_LT(greatest_difference(b, x), 1e-13) << channels << " channels, " << taps << " taps";
  }
}

TEST(BlockToeplitz, TheNumberOfThreadsChangesNoBit) {
  const System system(noise(4, 100, 3), 16);
  std::vector<double> one = noise(1, 4 * 16 * 3, 4)[0], three = one;
  ASSERT_TRUE(system.solve(one, 3, 1));
  ASSERT_TRUE(system.solve(three, 3, 3));
  EXPECT_EQ(one, three);
}

// A band that is all but empty and a quiet channel: the condition number is 1e15, with equally loud channels 1e7.
TEST(BlockToeplitz, SolvesIllConditionedSystemsToTheLastDigits) {
  Signals signals = noise(3, 400, 5);
  for (auto& signal : signals)
    for (int pass = 0; pass < 4; ++pass)
      for (size_t t = signal.size() - 1; t > 0; --t) signal[t] += 0.95 * signal[t - 1];
  for (double& x : signals[2]) x *= 1e-4;
  const System system(signals, 24);
  const std::vector<double> b = system.times(noise(1, 3 * 24, 6)[0], 1);
  std::vector<double> x = b;
  ASSERT_TRUE(system.solve(x, 1));
  const std::vector<double> again = system.times(x, 1);
  for (int64_t i = 0; i < 3 * 24; ++i) {
    const double scale = i < 2 * 24 ? std::abs(b[0]) : 1e-4 * std::abs(b[0]);
    EXPECT_NEAR(again[static_cast<size_t>(i)], b[static_cast<size_t>(i)], 1e-12 * scale) << i;
  }
}

TEST(BlockToeplitz, LeavesSingularSystemsAlone) {
  Signals signals = noise(2, 100, 7);
  signals.push_back(signals[0]);  // the same channel again
  const System system(signals, 8);
  const std::vector<double> b = noise(1, 3 * 8, 8)[0];
  std::vector<double> x = b;
  EXPECT_FALSE(system.solve(x, 1));
  EXPECT_EQ(x, b);
}

}  // namespace
}  // namespace unmix::test
