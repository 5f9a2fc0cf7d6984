// Spectral normalisation (Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018), as
// torch.nn.utils.spectral_norm computes it:
//   W (out, rest) / sigma, sigma = u^T W v, a step of the power method: v = W^T u / |W^T u|, u = W v / |W v|.
// u and v are constants of the gradient, sigma is not.
#pragma once

#include "layers/module.h"

namespace unmix {

class SpectralNorm {
 public:
  // Takes random vectors and one step of the power method. Without a start the weight passes unchanged.
  void start(const Tensor& weight, Initializer& init);
  bool started() const { return u_.defined(); }

  void iterate(const Tensor& weight);  // one step of the power method; nothing where there was no start
  Var operator()(const Var& weight) const;

  Tensor* u() { return &u_; }  // (out)
  Tensor* v() { return &v_; }  // (rest)

 private:
  Tensor u_, v_;
};

}  // namespace unmix
