// 2-D convolution with square kernels, zero padding; weight and bias uniform within 1/sqrt(in * kernel^2), as
// torch.nn.Conv2d. x (batch, in, height, width). With spectral normalisation the weight is `weight_orig`, as PyTorch
// names it, and begin_step takes a step of the power method.
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"
#include "layers/spectral_norm.h"

namespace unmix {

struct Conv2dOptions {
  int64_t in, out;  // channels
  int64_t kernel, stride = 1, padding = 0;
  bool bias = true;
  bool spectral_norm = false;
};

class Conv2d : public Module {
 public:
  Conv2d(const Conv2dOptions& o, Initializer& init) : stride_(o.stride), padding_(o.padding) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(o.in * o.kernel * o.kernel));
    weight_ = add_parameter(o.spectral_norm ? "weight_orig" : "weight",
                            init.uniform({o.out, o.in, o.kernel, o.kernel}, bound));
    if (o.bias) bias_ = add_parameter("bias", init.uniform({o.out}, bound));
    if (!o.spectral_norm) return;
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
