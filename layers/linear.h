// y = x W^T + b, x (..., in), W (out, in); initialised as PyTorch's: both uniform within 1/sqrt(in).
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"

namespace unmix {

class Linear : public Module {
 public:
  Linear(int64_t in, int64_t out, bool with_bias, Initializer& init) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in));
    weight_ = add_parameter("weight", init.uniform({out, in}, bound));
    if (with_bias) bias_ = add_parameter("bias", init.uniform({out}, bound));
  }

  Var operator()(const Var& x) const { return linear(x, weight_, bias_); }

 private:
  Var weight_, bias_;
};

}  // namespace unmix
