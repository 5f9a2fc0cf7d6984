// The start of Open-Unmix: the first bins of every channel, shifted and scaled per bin.
//   y[r, c, b] = (x[r, c, b] + t_b) s_b,  ds_b = sum dy (x + t),  dt_b = sum dy s,  dx = dy s
#include "autograd/openunmix_ops.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct Apply {
  const float *x, *shift, *scale;
  int64_t bins, kept;
  float* y;
  HD void operator()(int64_t row, int64_t b) const { y[row * kept + b] = (x[row * bins + b] + shift[b]) * scale[b]; }
};

struct GradientSums {
  const float *x, *dy, *shift, *scale;
  int64_t bins, kept;
  HD Values<float, 2> operator()(int64_t row, int64_t b) const {
    const float g = dy[row * kept + b];
    return {{g * (x[row * bins + b] + shift[b]), g * scale[b]}};
  }
};

struct StoreGradients {
  float *dscale, *dshift;
  HD void operator()(int64_t b, const Values<double, 2>& sums) const {
    dscale[b] = static_cast<float>(sums[0]);
    dshift[b] = static_cast<float>(sums[1]);
  }
};

struct InputGradient {
  const float *dy, *scale;
  int64_t bins, kept;
  float* dx;
  HD void operator()(int64_t row, int64_t b) const {
    dx[row * bins + b] = b < kept ? dy[row * kept + b] * scale[b] : 0.0f;
  }
};

}  // namespace

Var standardize(const Var& x, const Var& shift, const Var& scale) {
  check(
      x.shape().size() == 3 && shift.shape() == scale.shape() && shift.shape().size() == 1 && shift.size() <= x.dim(2),
      "standardize", "input {}, shift {} and scale {} do not fit", to_string(x.shape()), to_string(shift.shape()),
      to_string(scale.shape()));
  const Tensor xv = x.value(), t = shift.value(), s = scale.value();
  const Device device = xv.device();
  const int64_t bins = xv.dim(2), kept = t.size(), rows = xv.dim(0) * xv.dim(1);
  Tensor y = Tensor::empty({xv.dim(0), xv.dim(1) * kept}, device);
  parallel_for(device, rows, kept, Apply{xv.data(), t.data(), s.data(), bins, kept, y.data()});
  return make_var(y, {x, shift, scale}, [=](const Tensor& dy, Gradients& gradients) {
    if (gradients.wanted(0)) {
      Tensor dx = Tensor::empty(xv.shape(), device);
      parallel_for(device, rows, bins, InputGradient{dy.data(), s.data(), bins, kept, dx.data()});
      gradients.add(0, dx);
    }
    Tensor ds = Tensor::empty({kept}, device), dt = Tensor::empty({kept}, device);
    reduce_cols<2>(device, rows, kept, GradientSums{xv.data(), dy.data(), t.data(), s.data(), bins, kept},
                   StoreGradients{ds.data(), dt.data()});
    gradients.add(1, dt);
    gradients.add(2, ds);
  });
}

}  // namespace unmix
