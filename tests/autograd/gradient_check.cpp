#include "tests/autograd/gradient_check.h"

#include <algorithm>
#include <limits>

#include "autograd/ops.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

std::vector<float> loss_weights(int64_t count) { return random_values(count, -1.0, 1.0, 4711); }

Vars as_vars(const Inputs& inputs, Device device) {
  Vars vars;
  for (size_t i = 0; i < inputs.tensors.size(); ++i)
    vars.emplace_back(device == Device::cpu ? inputs.tensors[i].clone() : inputs.tensors[i].to(device),
                      inputs.differentiable[i]);
  return vars;
}

// sum(weight * output) in double.
double loss_of(const Function& function, const Inputs& inputs, Device device) {
  const NoGrad no_grad;
  const std::vector<float> output = function(as_vars(inputs, device)).value().to_vector();
  const std::vector<float> weights = loss_weights(static_cast<int64_t>(output.size()));
  double loss = 0.0;
  for (size_t i = 0; i < output.size(); ++i) loss += static_cast<double>(weights[i]) * output[i];
  return loss;
}

// f'(x) = (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h
double difference_quotient(const Function& function, Inputs& inputs, size_t input, int64_t at, Device device) {
  float& value = inputs.tensors[input].data()[at];
  const float before = value;
  const auto loss_at = [&](double offset) {
    value = static_cast<float>(before + offset);
    const double loss = loss_of(function, inputs, device);
    value = before;
    return loss;
  };
  const double h = tolerance::kFiniteDifferenceStep;
  return (8.0 * (loss_at(h) - loss_at(-h)) - (loss_at(2.0 * h) - loss_at(-2.0 * h))) / (12.0 * h);
}

}  // namespace

Evaluation evaluate(const Function& function, const Inputs& inputs, Device device) {
  const Vars vars = as_vars(inputs, device);
  const Var output = function(vars);
  Evaluation result{output.shape(), output.value().to_vector(), {}};
  const Var weights(Tensor::from(loss_weights(output.size()), output.shape(), device));
  sum(mul(output, weights)).backward();
  for (const Var& var : vars)
    result.gradients.push_back(var.grad().defined() ? var.grad().to_vector() : std::vector<float>());
  return result;
}

double gradient_error(const Function& function, const Inputs& inputs, Device device) {
  const Evaluation evaluation = evaluate(function, inputs, device);
  double worst = 0.0;
  for (size_t i = 0; i < inputs.tensors.size(); ++i) {
    if (!inputs.differentiable[i]) continue;
    Inputs moved = inputs;
    moved.tensors[i] = inputs.tensors[i].clone();
    std::vector<double> quotients(static_cast<size_t>(moved.tensors[i].size()));
    for (size_t at = 0; at < quotients.size(); ++at)
      quotients[at] = difference_quotient(function, moved, i, static_cast<int64_t>(at), device);
    worst = std::max(worst, relative_error(evaluation.gradients[i], quotients));
  }
  return worst;
}

}  // namespace unmix::test
