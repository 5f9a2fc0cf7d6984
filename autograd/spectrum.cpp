// Magnitudes and masks of complex spectra.
//   |z| = sqrt(re^2 + im^2), d|z| = (re, im) / |z|, 0 at z = 0
//   m z: dm = re dre + im dim
#include <cmath>

#include "autograd/ops.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct Magnitude {
  const float* z;
  float* y;
  HD void operator()(int64_t i) const { y[i] = std::sqrt(z[2 * i] * z[2 * i] + z[2 * i + 1] * z[2 * i + 1]); }
};

struct MagnitudeGradient {
  const float *z, *y, *dy;
  float* dz;
  HD void operator()(int64_t i) const {
    const float factor = y[i] > 0.0f ? dy[i] / y[i] : 0.0f;
    dz[2 * i] = factor * z[2 * i];
    dz[2 * i + 1] = factor * z[2 * i + 1];
  }
};

struct ApplyMask {
  const float *mask, *z;
  int64_t period;
  float* y;
  HD void operator()(int64_t row, int64_t i) const {
    const int64_t at = row * period + i;
    y[2 * at] = mask[at] * z[2 * i];
    y[2 * at + 1] = mask[at] * z[2 * i + 1];
  }
};

struct MaskGradient {
  const float *z, *dy;
  int64_t period;
  float* dmask;
  HD void operator()(int64_t row, int64_t i) const {
    const int64_t at = row * period + i;
    dmask[at] = z[2 * i] * dy[2 * at] + z[2 * i + 1] * dy[2 * at + 1];
  }
};

}  // namespace

Var magnitude(const Var& spectrum) {
  check(!spectrum.shape().empty() && spectrum.shape().back() == 2, "magnitude", "shape {} is not complex",
        to_string(spectrum.shape()));
  const Tensor z = spectrum.value();
  Tensor y = Tensor::empty({z.shape().begin(), z.shape().end() - 1}, z.device());
  parallel_for(z.device(), y.size(), Magnitude{z.data(), y.data()});
  return make_var(y, {spectrum}, [z, y](const Tensor& dy, Gradients& gradients) {
    Tensor dz = Tensor::empty(z.shape(), z.device());
    parallel_for(z.device(), y.size(), MagnitudeGradient{z.data(), y.data(), dy.data(), dz.data()});
    gradients.add(0, dz);
  });
}

Var apply_mask(const Var& mask, const Tensor& spectrum) {
  Shape bins = spectrum.shape();
  const bool complex = !bins.empty() && bins.back() == 2;
  if (complex) bins.pop_back();
  const Shape& shape = mask.shape();
  check(complex && bins.size() <= shape.size() && std::equal(bins.rbegin(), bins.rend(), shape.rbegin()), "apply_mask",
        "mask {} does not fit the spectrum {}", to_string(shape), to_string(spectrum.shape()));
  const int64_t period = spectrum.size() / 2, rows = period > 0 ? mask.size() / period : 0;
  Shape out = shape;
  out.push_back(2);
  const Device device = mask.device();
  Tensor y = Tensor::empty(out, device);
  parallel_for(device, rows, period, ApplyMask{mask.value().data(), spectrum.data(), period, y.data()});
  return make_var(y, {mask}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dmask = Tensor::empty(shape, device);
    parallel_for(device, rows, period, MaskGradient{spectrum.data(), dy.data(), period, dmask.data()});
    gradients.add(0, dmask);
  });
}

}  // namespace unmix
