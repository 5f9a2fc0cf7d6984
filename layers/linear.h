// y = x W^T + b, x (..., in), W (out, in); initialised as PyTorch's: both uniform within 1/sqrt(in). With spectral
// normalisation the weight is `weight_orig`, as PyTorch names it, and begin_step takes a step of the power method.
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"
#include "layers/spectral_norm.h"

namespace unmix {

struct LinearOptions {
  int64_t in, out;
  bool bias = true;
  bool spectral_norm = false;
};

class Linear : public Module {
 public:
  Linear(const LinearOptions& o, Initializer& init) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(o.in));
    weight_ = add_parameter(o.spectral_norm ? "weight_orig" : "weight", init.uniform({o.out, o.in}, bound));
    if (o.bias) bias_ = add_parameter("bias", init.uniform({o.out}, bound));
    if (!o.spectral_norm) return;
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
