// mean over i of d(m_k,i x_i - y_k,i), d(e) = e^2 or |e|: the estimate m x is never stored, its gradient neither.
#include <cmath>

#include "autograd/ops.h"
#include "autograd/store.h"
#include "base/error.h"

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

template <class D>
struct Read {
  const float *mask, *mixture, *targets;
  int64_t size;
  HD Values<float, 1> operator()(int64_t k, int64_t i) const {
    return {{D::f(mask[k * size + i] * mixture[i] - targets[k * size + i])}};
  }
};

template <class D>
struct MaskGradient {
  const float *mask, *mixture, *targets, *dy;
  int64_t size;
  float factor;
  float* dmask;
  HD void operator()(int64_t k, int64_t i) const {
    const int64_t at = k * size + i;
    dmask[at] = dy[k] * factor * D::df(mask[at] * mixture[i] - targets[at]) * mixture[i];
  }
};

template <class D>
Var distance_of(const Var& mask, const Tensor& mixture, const Tensor& targets) {
  const Tensor m = mask.value();
  const Device device = m.device();
  const int64_t sources = m.dim(0), size = mixture.size();
  const double factor = 1.0 / static_cast<double>(size);
  Tensor y = Tensor::empty({sources}, device);
  reduce_rows<1>(device, sources, size, Read<D>{m.data(), mixture.data(), targets.data(), size},
                 StoreSum{y.data(), factor});
  return make_var(y, {mask}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dmask = Tensor::empty(m.shape(), device);
    parallel_for(device, sources, size, MaskGradient<D>{m.data(), mixture.data(), targets.data(), dy.data(), size,
                                                        static_cast<float>(factor), dmask.data()});
    gradients.add(0, dmask);
  });
}

}  // namespace

Var masked_distance(const Var& mask, const Tensor& mixture, const Tensor& targets, Distance distance) {
  check(mask.shape() == targets.shape() && mask.shape().size() == mixture.shape().size() + 1 &&
            mixture.size() > 0 && Shape(mask.shape().begin() + 1, mask.shape().end()) == mixture.shape(),
        "masked_distance", "mask {}, mixture {} and targets {} do not fit", to_string(mask.shape()),
        to_string(mixture.shape()), to_string(targets.shape()));
  return distance == Distance::squared ? distance_of<Squared>(mask, mixture, targets)
                                       : distance_of<Absolute>(mask, mixture, targets);
}

}  // namespace unmix
