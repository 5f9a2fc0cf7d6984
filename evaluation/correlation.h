// How well a measure predicts listening scores.
#pragma once

#include <vector>

namespace unmix {

struct Correlation {
  double value;      // -1 .. 1; NaN where one of the two does not vary
  double low, high;  // confidence interval of 95 %; NaN for fewer than four pairs
};

// Of pairs; those with a NaN do not count. The interval is Fisher's, tanh(atanh r -+ 1.96 / sqrt(n - 3)).
Correlation pearson(const std::vector<double>& x, const std::vector<double>& y);

// Pearson's of the ranks, equal values sharing their mean rank; the interval's width is sqrt(1.06 / (n - 3)) after
// Fieller, Hartley, Pearson, "Tests for rank correlation coefficients", Biometrika 1957.
Correlation spearman(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace unmix
