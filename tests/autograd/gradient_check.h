// Runs an operation and its gradient, and checks the gradient by finite differences.
#pragma once

#include <functional>
#include <vector>

#include "autograd/var.h"

namespace unmix::test {

using Vars = std::vector<Var>;
using Function = std::function<Var(const Vars&)>;

// Inputs on the CPU; those that are not differentiable are constants.
struct Inputs {
  std::vector<Tensor> tensors;
  std::vector<bool> differentiable;
};

struct Evaluation {
  Shape shape;
  std::vector<float> output;
  std::vector<std::vector<float>> gradients;  // of sum(weight * output) by each input; empty where there is none
};

// The weights of the sum are random, from a fixed seed.
Evaluation evaluate(const Function& function, const Inputs& inputs, Device device);

// The largest error of a gradient against four-point differences, relative to the largest difference quotient of its
// input; infinite where a differentiable input got no gradient.
double gradient_error(const Function& function, const Inputs& inputs, Device device);

}  // namespace unmix::test
