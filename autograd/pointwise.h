// Pointwise operations of one and two tensors from a named functor that states f and its derivatives side by side.
//
// One input:   struct Op { static constexpr Keep keep; HD float f(float x) const; HD float df(float, float) const; };
//              y = f(x), dx = dy df(x, y). `keep` says which of x and y the derivative reads; the other is given as 0.
// Two inputs:  struct Op { HD float f(float a, float b) const; HD float da(float a, float b) const;
//                          HD float db(float a, float b) const; };
//              b's shape is a's, or its last axes: then b repeats along the first ones.
#pragma once

#include <algorithm>

#include "autograd/store.h"
#include "autograd/var.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {

enum class Keep { none, x, y };

namespace pointwise_detail {

template <class Op>
struct Unary {
  Op op;
  const float* x;
  float* y;
  HD void operator()(int64_t i) const { y[i] = op.f(x[i]); }
};

template <class Op>
struct UnaryBackward {
  Op op;
  const float *kept, *dy;
  float* dx;
  HD void operator()(int64_t i) const {
    const float x = Op::keep == Keep::x ? kept[i] : 0.0f, y = Op::keep == Keep::y ? kept[i] : 0.0f;
    dx[i] = dy[i] * op.df(x, y);
  }
};

// b has `period` elements and repeats for each row of a.
template <class Op>
struct Binary {
  Op op;
  const float *a, *b;
  int64_t period;
  float* y;
  HD void operator()(int64_t row, int64_t col) const {
    const int64_t i = row * period + col;
    y[i] = op.f(a[i], b[col]);
  }
};

template <class Op>
struct BackwardA {
  Op op;
  const float *a, *b, *dy;
  int64_t period;
  float* da;
  HD void operator()(int64_t row, int64_t col) const {
    const int64_t i = row * period + col;
    da[i] = dy[i] * op.da(a[i], b[col]);
  }
};

template <class Op>
struct BackwardB {
  Op op;
  const float *a, *b, *dy;
  int64_t period;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const {
    const int64_t i = row * period + col;
    return {{dy[i] * op.db(a[i], b[col])}};
  }
};

inline bool ends_with(const Shape& shape, const Shape& end) {
  return end.size() <= shape.size() && std::equal(end.rbegin(), end.rend(), shape.rbegin());
}

}  // namespace pointwise_detail

template <class Op>
Var pointwise(const Var& x, Op op = {}) {
  using namespace pointwise_detail;
  const Device device = x.device();
  Tensor y = Tensor::empty(x.shape(), device);
  parallel_for(device, x.size(), Unary<Op>{op, x.value().data(), y.data()});
  const Tensor kept = Op::keep == Keep::x ? x.value() : Op::keep == Keep::y ? y : Tensor();
  return make_var(y, {x}, [op, kept](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(dy.shape(), dy.device());
    parallel_for(dy.device(), dy.size(),
                 UnaryBackward<Op>{op, kept.defined() ? kept.data() : nullptr, dy.data(), dx.data()});
    gradients.add(0, dx);
  });
}

template <class Op>
Var pointwise(const char* name, const Var& a, const Var& b, Op op = {}) {
  using namespace pointwise_detail;
  check(ends_with(a.shape(), b.shape()), name, "shapes {} and {} do not fit: the second must be the end of the first",
        to_string(a.shape()), to_string(b.shape()));
  const Tensor av = a.value(), bv = b.value();
  const Device device = av.device();
  Tensor y = Tensor::empty(av.shape(), device);
  const int64_t period = bv.size(), repeats = period > 0 ? av.size() / period : 0;
  parallel_for(device, repeats, period, Binary<Op>{op, av.data(), bv.data(), period, y.data()});
  return make_var(y, {a, b}, [op, av, bv, period, repeats](const Tensor& dy, Gradients& gradients) {
    const Device on = dy.device();
    if (gradients.wanted(0)) {
      Tensor da = Tensor::empty(av.shape(), on);
      parallel_for(on, repeats, period, BackwardA<Op>{op, av.data(), bv.data(), dy.data(), period, da.data()});
      gradients.add(0, da);
    }
    if (gradients.wanted(1)) {
      Tensor db = Tensor::empty(bv.shape(), on);
      reduce_cols<1>(on, repeats, period, BackwardB<Op>{op, av.data(), bv.data(), dy.data(), period},
                     StoreSum{db.data()});
      gradients.add(1, db);
    }
  });
}

}  // namespace unmix
