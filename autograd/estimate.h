// How the kernels of loss_ops.h read an estimate at (row, col) and what it changes by with its input.
#pragma once

#include "autograd/loss_ops.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {

struct PlainEstimate {
  const float* input;
  int64_t cols;
  HD float value(int64_t row, int64_t col) const { return input[row * cols + col]; }
  HD float slope(int64_t /*col*/) const { return 1.0f; }
};

struct MaskedEstimate {
  const float *mask, *magnitude;
  int64_t cols;
  HD float value(int64_t row, int64_t col) const { return mask[row * cols + col] * magnitude[col]; }
  HD float slope(int64_t col) const { return magnitude[col]; }
};

// Rows of the target; a step of 0 repeats the first.
struct TargetRows {
  const float* data;
  int64_t step;
  HD float value(int64_t row, int64_t col) const { return data[row * step + col]; }
};

// Calls f with the reader for this estimate.
template <class F>
auto with_reader(const Estimate& estimate, int64_t cols, const F& f) {
  const float* input = estimate.input.value().data();
  return estimate.magnitude.defined() ? f(MaskedEstimate{input, estimate.magnitude.data(), cols})
                                      : f(PlainEstimate{input, cols});
}

inline TargetRows rows_of(const Tensor& target, int64_t rows, int64_t cols) {
  return {target.data(), target.size() == rows * cols ? cols : 0};
}

// Values of one row.
inline int64_t check_estimate(const char* op, const Estimate& estimate, const Tensor& target) {
  const Shape& shape = estimate.input.shape();
  check(!shape.empty() && estimate.input.size() > 0, op, "estimate {} holds no rows", to_string(shape));
  const Shape row(shape.begin() + 1, shape.end());
  check(target.shape() == shape || target.shape() == row, op, "estimate {} and target {} differ", to_string(shape),
        to_string(target.shape()));
  if (estimate.magnitude.defined())
    check(estimate.magnitude.shape() == row, op, "mask {} does not fit the magnitude {}", to_string(shape),
          to_string(estimate.magnitude.shape()));
  return element_count(row);
}

}  // namespace unmix
