#include "layers/spectral_norm.h"

#include "autograd/ops.h"

namespace unmix {
namespace {

constexpr float kEps = 1e-12f;  // torch's

// x (n, 1) / max(|x|, eps), as (n)
Tensor normalized(const Var& x) { return reshape(x / clamp_min(sqrt(sum(square(x))), kEps), {x.size()}).value(); }

Var as_matrix(const Var& weight) { return reshape(weight, {weight.dim(0), -1}); }

Var as_column(const Tensor& vector) { return Var(vector.reshape({vector.size(), 1})); }

}  // namespace

void SpectralNorm::start(const Tensor& weight, Initializer& init) {
  const NoGrad no_grad;
  u_ = normalized(Var(init.uniform({weight.dim(0), 1}, 1.0)));
  v_ = Tensor::zeros({weight.size() / weight.dim(0)});
  iterate(weight);
}

void SpectralNorm::iterate(const Tensor& weight) {
  if (!started()) return;
  const NoGrad no_grad;
  const Var matrix = as_matrix(Var(weight));
  v_.copy_from(normalized(matmul(matrix, as_column(u_), {.a = true})));
  u_.copy_from(normalized(matmul(matrix, as_column(v_))));
}

Var SpectralNorm::operator()(const Var& weight) const {
  if (!started()) return weight;
  const Var outer = reshape(matmul(as_column(u_), as_column(v_), {.b = true}), weight.shape());
  return weight / sum(weight * outer);
}

}  // namespace unmix
