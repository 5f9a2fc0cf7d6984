// mean over i of d(z_r,i - y_r,i), d(e) = e^2 or |e|.
#include <cmath>

#include "autograd/estimate.h"
#include "autograd/store.h"

namespace unmix {
namespace {

struct Squared {
  HD static float f(float e) { return e * e; }
  HD static float df(float e) { return 2.0f * e; }
};

struct Absolute {
  HD static float f(float e) { return std::fabs(e); }
  HD static float df(float e) { return e > 0.0f ? 1.0f : e < 0.0f ? -1.0f : 0.0f; }
};

template <class D, class Reader>
struct Read {
  Reader estimate;
  TargetRows target;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const {
    return {{D::f(estimate.value(row, col) - target.value(row, col))}};
  }
};

template <class D, class Reader>
struct InputGradient {
  Reader estimate;
  TargetRows target;
  const float* dy;
  float factor;
  float* dx;
  HD void operator()(int64_t row, int64_t col) const {
    dx[row * estimate.cols + col] =
        dy[row] * factor * D::df(estimate.value(row, col) - target.value(row, col)) * estimate.slope(col);
  }
};

template <class D>
Var distance_of(const Estimate& estimate, const Tensor& target, int64_t cols) {
  const Device device = estimate.input.device();
  const int64_t rows = estimate.input.dim(0);
  const double factor = 1.0 / static_cast<double>(cols);
  Tensor y = Tensor::empty({rows}, device);
  with_reader(estimate, cols, [&](auto reader) {
    reduce_rows<1>(device, rows, cols, Read<D, decltype(reader)>{reader, rows_of(target, rows, cols)},
                   StoreSum{y.data(), factor});
  });
  const Tensor input = estimate.input.value(), magnitude = estimate.magnitude;
  return make_var(y, {estimate.input}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(input.shape(), device);
    with_reader({Var(input), magnitude}, cols, [&](auto reader) {
      parallel_for(device, rows, cols,
                   InputGradient<D, decltype(reader)>{reader, rows_of(target, rows, cols), dy.data(),
                                                      static_cast<float>(factor), dx.data()});
    });
    gradients.add(0, dx);
  });
}

}  // namespace

Var distance(const Estimate& estimate, const Tensor& target, Distance distance) {
  const int64_t cols = check_estimate("distance", estimate, target);
  return distance == Distance::squared ? distance_of<Squared>(estimate, target, cols)
                                       : distance_of<Absolute>(estimate, target, cols);
}

}  // namespace unmix
