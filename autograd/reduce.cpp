// Sums, accumulated in double in an order that the sizes alone decide.
#include "autograd/ops.h"
#include "autograd/store.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

// x seen as (outer, length, inner), summed over length.
struct ReadRow {
  const float* x;
  int64_t length;
  Divider inner;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const {
    return {{x[(inner.quotient(row) * length + col) * inner.divisor() + inner.remainder(row)]}};
  }
};

constexpr int64_t kShort = 64;  // values that one thread sums alone

// Channels of a signal, say: neighbouring threads read neighbouring values.
struct SumShort {
  const float* x;
  int64_t length, inner;
  float* y;
  HD void operator()(int64_t row, int64_t col) const {
    double sum = 0.0;
    for (int64_t i = 0; i < length; ++i) sum += x[(row * length + i) * inner + col];
    y[row * inner + col] = static_cast<float>(sum);
  }
};

struct ReadColumn {
  const float* x;
  int64_t inner;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const { return {{x[row * inner + col]}}; }
};

struct ReadFlat {
  const float* x;
  HD Values<float, 1> operator()(int64_t, int64_t col) const { return {{x[col]}}; }
};

struct Spread {
  const float* dy;
  float factor;
  float* dx;
  HD void operator()(int64_t i) const { dx[i] = factor * dy[0]; }
};

struct SpreadAlong {
  const float* dy;
  Divider length;
  int64_t inner;
  float* dx;
  HD void operator()(int64_t row, int64_t col) const { dx[row * inner + col] = dy[length.quotient(row) * inner + col]; }
};

Var total(const Var& x, double factor) {
  const Tensor value = x.value();
  Tensor y = Tensor::empty({}, x.device());
  reduce_rows<1>(x.device(), 1, value.size(), ReadFlat{value.data()}, StoreSum{y.data(), factor});
  return make_var(y, {x}, [shape = value.shape(), factor](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(shape, dy.device());
    parallel_for(dy.device(), dx.size(), Spread{dy.data(), static_cast<float>(factor), dx.data()});
    gradients.add(0, dx);
  });
}

}  // namespace

Var sum(const Var& x) { return total(x, 1.0); }

Var mean(const Var& x) {
  check(x.size() > 0, "mean", "shape {} holds no values", to_string(x.shape()));
  return total(x, 1.0 / static_cast<double>(x.size()));
}

Var sum_axis(const Var& x, int axis) {
  const Shape& shape = x.shape();
  const int rank = static_cast<int>(shape.size());
  check(axis >= -rank && axis < rank, "sum_axis", "shape {} has no axis {}", to_string(shape), axis);
  const int64_t length = x.dim(axis);
  const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  const int64_t outer = element_count({shape.begin(), shape.begin() + static_cast<int64_t>(at)});
  const int64_t inner = element_count({shape.begin() + static_cast<int64_t>(at) + 1, shape.end()});
  Shape reduced = shape;
  reduced.erase(reduced.begin() + static_cast<int64_t>(at));
  Tensor y = Tensor::empty(reduced, x.device());
  const float* data = x.value().data();
  if (outer == 1)
    reduce_cols<1>(x.device(), length, inner, ReadColumn{data, inner}, StoreSum{y.data()});
  else if (inner > 1 && length <= kShort)
    parallel_for(x.device(), outer, inner, SumShort{data, length, inner, y.data()});
  else
    reduce_rows<1>(x.device(), outer * inner, length, ReadRow{data, length, Divider(inner)}, StoreSum{y.data()});
  return make_var(y, {x}, [shape, outer, length, inner](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(shape, dy.device());
    parallel_for(dy.device(), outer * length, inner, SpreadAlong{dy.data(), Divider(length), inner, dx.data()});
    gradients.add(0, dx);
  });
}

}  // namespace unmix
