// 2-D convolution with square kernels, zero padding; weight and bias uniform within 1/sqrt(in * kernel^2), as
// torch.nn.Conv2d. x (batch, in, height, width).
#pragma once

#include <cmath>

#include "autograd/ops.h"
#include "layers/module.h"

namespace unmix {

class Conv2d : public Module {
 public:
  Conv2d(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding, bool with_bias, Initializer& init)
      : stride_(stride), padding_(padding) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(in * kernel * kernel));
    weight_ = add_parameter("weight", init.uniform({out, in, kernel, kernel}, bound));
    if (with_bias) bias_ = add_parameter("bias", init.uniform({out}, bound));
  }

  Var operator()(const Var& x) const { return conv2d(x, weight_, bias_, stride_, padding_); }

 private:
  int64_t stride_, padding_;
  Var weight_, bias_;
};

}  // namespace unmix
