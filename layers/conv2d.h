// 2-D convolution with square kernels, zero padding; weight and bias uniform within 1/sqrt(in * kernel^2), as
// torch.nn.Conv2d. x (batch, in, height, width). With spectral normalisation the weight is `weight_orig`, as PyTorch
// names it, and begin_step takes a step of the power method.
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"
#include "layers/spectral_norm.h"

namespace unmix {

class Conv2d : public Module {
 public:
  Conv2d(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding, bool with_bias, Initializer& init,
         bool spectral_norm = false)
      : stride_(stride), padding_(padding) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in * kernel * kernel));
    weight_ = add_parameter(spectral_norm ? "weight_orig" : "weight", init.uniform({out, in, kernel, kernel}, bound));
    if (with_bias) bias_ = add_parameter("bias", init.uniform({out}, bound));
    if (!spectral_norm) return;
    norm_.start(weight_.value(), init);
    add_buffer("weight_u", norm_.u());
    add_buffer("weight_v", norm_.v());
  }

  Var operator()(const Var& x) const { return conv2d(x, norm_(weight_), bias_, stride_, padding_); }

 private:
  void on_begin_step(uint64_t /*seed*/, uint64_t /*stream*/) override { norm_.iterate(weight_.value()); }

  int64_t stride_, padding_;
  Var weight_, bias_;
  SpectralNorm norm_;
};

}  // namespace unmix
