// Layers without parameters: LeakyReLU (Maas et al., 2013) and max pooling.
#pragma once

#include "autograd/ops.h"

namespace unmix {

struct LeakyRelu {
  float slope = 0.01f;
  Var operator()(const Var& x) const { return leaky_relu(x, slope); }
};

struct MaxPool2d {
  int64_t kernel;
  int64_t stride = kernel;
  Var operator()(const Var& x) const { return max_pool2d(x, kernel, stride); }
};

}  // namespace unmix
