#include "evaluation/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace unmix {
namespace {

constexpr size_t kMostExact = 50;
constexpr double kNormal95 = 1.959964;  // quantile of 97.5 %

struct Ranks {
  std::vector<double> rank;  // from 1, in the order of the values
  double ties;               // sum of t^3 - t over groups of t equal values
};

Ranks ranks_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  Ranks ranks{std::vector<double>(values.size()), 0.0};
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const auto size = static_cast<double>(end - begin);
    for (size_t i = begin; i < end; ++i) ranks.rank[order[i]] = static_cast<double>(begin) + (size + 1.0) / 2.0;
    ranks.ties += size * size * size - size;
  }
  return ranks;
}

// P(W <= w) twice, at most 1: of the 2^n choices of signs, counted by their sum of positive ranks.
double exact_p(size_t n, double w) {
  std::vector<double> count(n * (n + 1) / 2 + 1, 0.0);
  count[0] = 1.0;
  for (size_t rank = 1; rank <= n; ++rank)
    for (size_t sum = count.size() - 1; sum >= rank; --sum) count[sum] += count[sum - rank];
  const double below = std::accumulate(count.begin(), count.begin() + static_cast<int64_t>(w) + 1, 0.0);
  return std::min(1.0, 2.0 * std::ldexp(below, -static_cast<int>(n)));
}

// Upper part of the regularised incomplete gamma function, Q(a, x): by its series below a + 1, by Lentz's continued
// fraction above.
double gamma_q(double a, double x) {
  if (x <= 0.0) return 1.0;
  const double scale = std::exp(a * std::log(x) - x - std::lgamma(a));
  constexpr int kMostTerms = 10000;
  constexpr double kTiny = 1e-300, kClose = 1e-16;
  if (x < a + 1.0) {
    double term = 1.0 / a, sum = term;
    for (int i = 1; i < kMostTerms && term > sum * kClose; ++i) sum += term *= x / (a + i);
    return 1.0 - scale * sum;
  }
  double b = x + 1.0 - a, c = 1.0 / kTiny, d = 1.0 / b, fraction = d;
  for (int i = 1; i < kMostTerms; ++i) {
    const double numerator = -i * (i - a);
    b += 2.0;
    d = numerator * d + b;
    d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    fraction *= d * c;
    if (std::abs(d * c - 1.0) < kClose) break;
  }
  return scale * fraction;
}

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

}  // namespace

double median(std::vector<double> values) {
  std::erase_if(values, [](double x) { return std::isnan(x); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double mean(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double x : values)
    if (!std::isnan(x)) {
      sum += x;
      ++count;
    }
  return sum / count;
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Box box_of(const std::vector<double>& values) {
  check(!values.empty(), "statistics", "a box needs one value or more");
  Box box{0.0, quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75), 0.0, {}};
  const double reach = 1.5 * (box.third - box.first);
  box.low = box.first, box.high = box.third;
  for (const double value : values) {
    if (value < box.first - reach || value > box.third + reach) {
      box.outliers.push_back(value);
    } else {
      box.low = std::min(box.low, value);
      box.high = std::max(box.high, value);
    }
  }
  return box;
}

Wilcoxon wilcoxon(const std::vector<double>& differences) {
  std::vector<double> sizes, signs;
  for (const double difference : differences) {
    if (difference == 0.0) continue;
    sizes.push_back(std::abs(difference));
    signs.push_back(difference);
  }
  if (sizes.empty()) return {0.0, 1.0};
  const Ranks ranks = ranks_of(sizes);
  double positive = 0.0, negative = 0.0;
  for (size_t i = 0; i < signs.size(); ++i) (signs[i] > 0.0 ? positive : negative) += ranks.rank[i];
  const double w = std::min(positive, negative);
  const bool whole = sizes.size() == differences.size() && ranks.ties == 0.0;
  if (whole && sizes.size() <= kMostExact) return {w, exact_p(sizes.size(), w)};
  const auto n = static_cast<double>(sizes.size());
  const double variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ranks.ties / 48.0;
  const double z = (w - n * (n + 1.0) / 4.0) / std::sqrt(variance);
  return {w, std::erfc(std::abs(z) / std::sqrt(2.0))};
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0.0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[order[i]] * static_cast<double>(p.size() - i)));
    corrected[order[i]] = largest;
  }
  return corrected;
}

Friedman friedman(const std::vector<std::vector<double>>& scores) {
  check(scores.size() >= 3 && !scores[0].empty(), "statistics", "Friedman's test needs three methods and one track");
  const size_t tracks = scores[0].size();
  std::vector<double> sums(scores.size(), 0.0);
  double ties = 0.0;
  for (size_t track = 0; track < tracks; ++track) {
    std::vector<double> row;
    for (const auto& method : scores) row.push_back(method.at(track));
    const Ranks ranks = ranks_of(row);
    ties += ranks.ties;
    for (size_t j = 0; j < sums.size(); ++j) sums[j] += ranks.rank[j];
  }
  const auto k = static_cast<double>(scores.size()), n = static_cast<double>(tracks);
  double squares = 0.0;
  for (const double sum : sums) squares += sum * sum;
  const double correction = 1.0 - ties / (n * k * (k * k - 1.0));
  const double chi2 = (12.0 / (n * k * (k + 1.0)) * squares - 3.0 * n * (k + 1.0)) / correction;
  return {chi2, gamma_q((k - 1.0) / 2.0, chi2 / 2.0)};
}

Correlation pearson(const std::vector<double>& x, const std::vector<double>& y) {
  return correlate(finite_pairs(x, y), 1.0);
}

Correlation spearman(const std::vector<double>& x, const std::vector<double>& y) {
  const Pairs pairs = finite_pairs(x, y);
  return correlate({ranks_of(pairs.x).rank, ranks_of(pairs.y).rank}, 1.06);
}

}  // namespace unmix
