#include "evaluation/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace unmix {
namespace {

constexpr double kNormal95 = 1.959964;  // quantile of 97.5 %

struct Pairs {
  std::vector<double> x, y;
};

Pairs finite_pairs(const std::vector<double>& x, const std::vector<double>& y) {
  check(x.size() == y.size(), "correlation", "there are {} values and {} scores", x.size(), y.size());
  Pairs pairs;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    pairs.x.push_back(x[i]);
    pairs.y.push_back(y[i]);
  }
  return pairs;
}

Correlation correlate(const Pairs& pairs, double variance) {
  const auto n = static_cast<double>(pairs.x.size());
  double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < pairs.x.size(); ++i) {
    mean_x += pairs.x[i] / n;
    mean_y += pairs.y[i] / n;
  }
  for (size_t i = 0; i < pairs.x.size(); ++i) {
    const double x = pairs.x[i] - mean_x, y = pairs.y[i] - mean_y;
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (!(xx > 0 && yy > 0)) return {none, none, none};
  const double r = std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
  if (n < 4) return {r, none, none};
  const double width = kNormal95 * std::sqrt(variance / (n - 3));
  return {r, std::tanh(std::atanh(r) - width), std::tanh(std::atanh(r) + width)};
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<double> result;
  for (const double value : values) {
    const auto below = std::ranges::count_if(values, [&](double x) { return x < value; });
    const auto equal = std::ranges::count(values, value);
    result.push_back(static_cast<double>(below) + static_cast<double>(equal + 1) / 2);
  }
  return result;
}

}  // namespace

Correlation pearson(const std::vector<double>& x, const std::vector<double>& y) {
  return correlate(finite_pairs(x, y), 1.0);
}

Correlation spearman(const std::vector<double>& x, const std::vector<double>& y) {
  const Pairs pairs = finite_pairs(x, y);
  return correlate({ranks(pairs.x), ranks(pairs.y)}, 1.06);
}

}  // namespace unmix
