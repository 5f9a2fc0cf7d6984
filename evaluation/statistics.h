// Statistics of scores: averages, order statistics, paired tests, correlation with listening scores.
//
// Wilcoxon's signed-rank test, two-sided: of the differences that are not zero the absolute values are ranked (ties
// share their mean rank), W is the smaller of the sums of positive and of negative ranks. Exact for up to 50
// differences without ties and zeros; else normal, with the variance corrected for ties,
//   n(n+1)(2n+1)/24 - sum(t^3-t)/48.
// Friedman's test over k methods and n tracks, chi-squared with k - 1 degrees of freedom:
//   (12 / (n k (k+1)) sum R_j^2 - 3 n (k+1)) / (1 - sum(t^3-t) / (n k (k^2-1))).
// Both as scipy.stats computes them by default.
// Holm's correction: of m p-values in rising order the i-th (from 0) times m - i, made monotone, at most 1.
#pragma once

#include <vector>

namespace unmix {

// Mean and median of the values that are not NaN; NaN where there is none.
double mean(const std::vector<double>& values);
double median(std::vector<double> values);

// Between the two nearest values, linearly; part 0.5 is the median. NaN where there is no value. No NaN among them.
double quantile(std::vector<double> values, double part);

// Whiskers reach to the last values within 1.5 times the box's length; what lies beyond are the outliers.
struct Box {
  double low, first, middle, third, high;
  std::vector<double> outliers;
};
Box box_of(const std::vector<double>& values);  // one value or more, no NaN

struct Wilcoxon {
  double w, p;  // p is 1 where no difference is left
};
Wilcoxon wilcoxon(const std::vector<double>& differences);

std::vector<double> holm(const std::vector<double>& p);

struct Friedman {
  double chi2, p;
};
// scores[method][track], three methods or more. NaN where no track tells any two methods apart.
Friedman friedman(const std::vector<std::vector<double>>& scores);

struct Correlation {
  double value;      // -1 .. 1; NaN where one of the two does not vary
  double low, high;  // confidence interval of 95 %; NaN for fewer than four pairs
};

// Pairs with a NaN or an infinity are left out. The interval is Fisher's, tanh(atanh r -+ 1.96 / sqrt(n - 3)).
Correlation pearson(const std::vector<double>& x, const std::vector<double>& y);

// Pearson's correlation of the ranks, equal values sharing their mean rank; the interval's width is
// sqrt(1.06 / (n - 3)) after Fieller, Hartley, Pearson, "Tests for rank correlation coefficients", Biometrika 1957.
Correlation spearman(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace unmix
