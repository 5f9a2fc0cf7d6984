#include "optim/clip.h"

#include <cmath>

#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct Squares {
  const float* x;
  HD Values<float, 1> operator()(int64_t, int64_t i) const { return {{x[i] * x[i]}}; }
};

struct StoreRoot {
  float* out;
  HD void operator()(int64_t, const Values<double, 1>& sum) const { *out = static_cast<float>(std::sqrt(sum[0])); }
};

struct ScaleToNorm {
  const float* norm;
  float max_norm;
  float* gradient;
  HD void operator()(int64_t i) const {
    const float factor = max_norm / (*norm + 1e-6f);
    gradient[i] *= factor > 1.0f ? 1.0f : factor;  // NaN stays
  }
};

void store_norm(const Tensor& x, float* out) {
  reduce_rows<1>(x.device(), 1, x.size(), Squares{x.data()}, StoreRoot{out});
}

}  // namespace

Tensor clip_gradient_norm(const NamedVars& parameters, float max_norm) {
  check(max_norm > 0.0f, "clip_gradient_norm", "a largest norm of {} is not above 0", max_norm);
  std::vector<Tensor> gradients;
  for (const auto& [name, parameter] : parameters)
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  const Device device = parameters.empty() ? Device::cpu : parameters[0].second.device();
  Tensor norm = Tensor::empty({}, device), norms = Tensor::empty({static_cast<int64_t>(gradients.size())}, device);
  for (size_t i = 0; i < gradients.size(); ++i) store_norm(gradients[i], norms.data() + i);
  store_norm(norms, norm.data());
  for (Tensor& gradient : gradients)
    parallel_for(device, gradient.size(), ScaleToNorm{norm.data(), max_norm, gradient.data()});
  return norm;
}

}  // namespace unmix
