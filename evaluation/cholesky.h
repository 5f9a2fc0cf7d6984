// Least squares by the normal equations: a symmetric positive semidefinite matrix factored as U^T U (Cholesky), in
// double.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "evaluation/fft.h"

namespace unmix {

class Cholesky {
 public:
  // Factors the n x n matrix whose upper triangle `row(i, to)` writes: entries i .. n - 1 of row i, called from several
  // threads. A column whose pivot is no larger than rounding, 16 * 2^-52 of its diagonal entry, depends on those before
  // it and gets no weight: the solution then is a least-squares solution, not the only one.
  Cholesky(int64_t n, const std::function<void(int64_t i, double* to)>& row, int threads);

  // Replaces the `columns` right-hand sides b (n, columns) by the solutions.
  void solve(double* b, int64_t columns, int threads) const;

 private:
  double* tile(int64_t i, int64_t j) const;
  void fill_row(int64_t i, const std::function<void(int64_t, double*)>& row);
  void factor_diagonal(int64_t k);
  void factor(int threads);
  void substitute(double* x) const;

  int64_t n_, tiles_;
  Doubles data_;                        // tiles (i, j), i <= j, row after row
  std::vector<double> smallest_pivot_;  // what counts as zero, by column
};

}  // namespace unmix
