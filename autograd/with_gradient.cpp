#include "autograd/var.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

// dx = dy dl/dx
struct ScaleGradient {
  const float *dy, *gradient;
  float* dx;
  HD void operator()(int64_t i) const { dx[i] = *dy * gradient[i]; }
};

}  // namespace

Var with_gradient(const Tensor& value, const Var& input, Tensor gradient) {
  check(value.size() == 1, "with_gradient", "the value has shape {}, not one element", to_string(value.shape()));
  check(!builds_graph({&input, 1}) || gradient.shape() == input.shape(), "with_gradient",
        "the gradient {} does not fit the input {}", to_string(gradient.shape()), to_string(input.shape()));
  return make_var(value, {input}, [gradient](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(gradient.shape(), gradient.device());
    parallel_for(dx.device(), dx.size(), ScaleGradient{dy.data(), gradient.data(), dx.data()});
    gradients.add(0, dx);
  });
}

}  // namespace unmix
