// y = x W^T + b, x (..., in), W (out, in); initialised as PyTorch's: both uniform within 1/sqrt(in). With spectral
// normalisation the weight is `weight_orig`, as PyTorch names it, and begin_step takes a step of the power method.
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"
#include "layers/spectral_norm.h"

namespace unmix {

class Linear : public Module {
 public:
  Linear(int64_t in, int64_t out, bool with_bias, Initializer& init, bool spectral_norm = false) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    weight_ = add_parameter(spectral_norm ? "weight_orig" : "weight", init.uniform({out, in}, bound));
    if (with_bias) bias_ = add_parameter("bias", init.uniform({out}, bound));
    if (!spectral_norm) return;
    norm_.start(weight_.value(), init);
    add_buffer("weight_u", norm_.u());
    add_buffer("weight_v", norm_.v());
  }

  Var operator()(const Var& x) const { return linear(x, norm_(weight_), bias_); }

 private:
  void on_begin_step(uint64_t /*seed*/, uint64_t /*stream*/) override { norm_.iterate(weight_.value()); }

  Var weight_, bias_;
  SpectralNorm norm_;
};

}  // namespace unmix
