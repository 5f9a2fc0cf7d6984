#include "separation/wiener.h"

#include <cmath>

#include "autograd/ops.h"
#include "base/error.h"
#include "separation/expectation_maximization.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

constexpr const char* kOp = "wiener";

HD float magnitude_of(const float* z) { return std::sqrt(z[0] * z[0] + z[1] * z[1]); }

HD void scale_complex(float gain, const float* z, float* y) {
  y[0] = gain * z[0];
  y[1] = gain * z[1];
}

struct Masked {
  const float *masks, *x;
  int64_t period;  // complex values of the mixture
  float* y;
  HD void operator()(int64_t source, int64_t i) const {
    const int64_t at = source * period + i;
    scale_complex(masks[at], x + 2 * i, y + 2 * at);
  }
};

// The residual of the above. `total` is the sum of the masks here and below.
struct MaskedResidual {
  const float *total, *x;
  float* y;
  HD void operator()(int64_t i) const { scale_complex(1.0f - total[i], x + 2 * i, y + 2 * i); }
};

struct SoftMasked {
  const float *masks, *total, *x;
  int64_t period;
  float eps;
  float* y;
  HD void operator()(int64_t source, int64_t i) const {
    const int64_t at = source * period + i;
    const float size = magnitude_of(x + 2 * i);
    scale_complex(masks[at] * size / (eps + total[i] * size), x + 2 * i, y + 2 * at);
  }
};

struct SoftMaskedResidual {
  const float *total, *x;
  float eps;
  float* y;
  HD void operator()(int64_t i) const {
    scale_complex(eps / (eps + total[i] * magnitude_of(x + 2 * i)), x + 2 * i, y + 2 * i);
  }
};

Tensor initial_estimates(const Tensor& masks, const Tensor& spectrum, const WienerOptions& options) {
  const Device device = masks.device();
  const int64_t sources = masks.dim(0), period = spectrum.size() / 2;
  const auto eps = static_cast<float>(options.eps);
  Shape shape = spectrum.shape();
  shape.insert(shape.begin(), sources + options.residual);
  Tensor y = Tensor::empty(shape, device), total;
  if (options.softmask || options.residual) total = sum_axis(Var(masks), 0).value();
  const float *m = masks.data(), *x = spectrum.data(), *sum = total.defined() ? total.data() : nullptr;
  if (options.softmask)
    parallel_for(device, sources, period, SoftMasked{m, sum, x, period, eps, y.data()});
  else
    parallel_for(device, sources, period, Masked{m, x, period, y.data()});
  if (!options.residual) return y;
  float* rest = y[sources].data();
  if (options.softmask)
    parallel_for(device, period, SoftMaskedResidual{sum, x, eps, rest});
  else
    parallel_for(device, period, MaskedResidual{sum, x, rest});
  return y;
}

void check_arguments(const Tensor& masks, const Tensor& spectrum, const WienerOptions& options) {
  check(masks.rank() == 4 && masks.size() > 0 && spectrum.shape() == Shape{masks.dim(1), masks.dim(2), masks.dim(3), 2},
        kOp,
        "masks {} do not fit the spectrum {}: (K, frames, channels, bins) and (frames, channels, bins, 2) are expected",
        to_string(masks.shape()), to_string(spectrum.shape()));
  check(options.iterations >= 0 && options.eps > 0 && options.scale_factor > 0, kOp,
        "{} iterations, eps {} and scale factor {}: the last two must be positive, the first not negative",
        options.iterations, options.eps, options.scale_factor);
  if (options.iterations == 0) return;
  const int64_t sources = masks.dim(0) + options.residual, channels = masks.dim(2);
  if (sources == 1)
    throw UsageError("the Wiener filter needs two targets or more, or one and a residual; no iterations leave it out");
  check(sources <= kMostRefined, kOp, "{} sources, the residual included; iterations take at most {}", sources,
        kMostRefined);
  check(channels <= 2, kOp, "{} channels; iterations take 1 or 2", channels);
}

}  // namespace

Tensor wiener(const Tensor& masks, const Tensor& spectrum, const WienerOptions& options) {
  check_arguments(masks, spectrum, options);
  const NoGrad no_grad;
  Tensor y = initial_estimates(masks, spectrum, options);
  if (options.iterations > 0) refine(y, spectrum, options);
  return y;
}

}  // namespace unmix
