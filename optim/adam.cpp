#include "optim/adam.h"

#include <cmath>
#include <map>

#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct Update {
  const float* gradient;
  float *parameter, *m, *v;
  float weight_decay, rest1, beta2, rest2;  // rest: 1 - beta
  float rate, root_correction, eps;         // rate: lr / (1 - beta1^t), root_correction: 1 / sqrt(1 - beta2^t)
  HD void operator()(int64_t i) const {
    const float g = gradient[i] + weight_decay * parameter[i];
    m[i] += rest1 * (g - m[i]);
    v[i] = beta2 * v[i] + rest2 * g * g;
    parameter[i] -= rate * m[i] / (std::sqrt(v[i]) * root_correction + eps);
  }
};

bool is_rate(double value) { return value >= 0.0 && std::isfinite(value); }

}  // namespace

Adam::Adam(NamedVars parameters, const AdamOptions& options)
    : parameters_(std::move(parameters)), moments_(parameters_.size()), options_(options) {
  set_learning_rate(options.learning_rate);
  check(is_rate(options.weight_decay), "adam", "weight decay {} is not a number of 0 or more", options.weight_decay);
  check(options.beta1 >= 0.0 && options.beta1 < 1.0 && options.beta2 >= 0.0 && options.beta2 < 1.0, "adam",
        "betas {} and {} are not in [0, 1)", options.beta1, options.beta2);
  check(is_rate(options.eps), "adam", "eps {} is not a number of 0 or more", options.eps);
}

void Adam::set_learning_rate(double learning_rate) {
  check(is_rate(learning_rate), "adam", "learning rate {} is not a number of 0 or more", learning_rate);
  options_.learning_rate = learning_rate;
}

void Adam::step() {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Var& parameter = parameters_[i].second;
    const Tensor& gradient = parameter.grad();
    if (!gradient.defined()) continue;
    auto& [m, v, t] = moments_[i];
    if (!m.defined()) {
      m = Tensor::zeros(parameter.shape(), parameter.device());
      v = Tensor::zeros(parameter.shape(), parameter.device());
    }
    ++t;
    const double correction1 = 1.0 - std::pow(options_.beta1, t), correction2 = 1.0 - std::pow(options_.beta2, t);
    parallel_for(
        parameter.device(), parameter.size(),
        Update{gradient.data(), parameter.value().data(), m.data(), v.data(), static_cast<float>(options_.weight_decay),
               static_cast<float>(1.0 - options_.beta1), static_cast<float>(options_.beta2),
               static_cast<float>(1.0 - options_.beta2), static_cast<float>(options_.learning_rate / correction1),
               static_cast<float>(1.0 / std::sqrt(correction2)), static_cast<float>(options_.eps)});
  }
}

void Adam::clear_gradients() {
  for (auto& [name, parameter] : parameters_) parameter.clear_grad();
}

NamedTensors Adam::state() const {
  NamedTensors state;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].first;
    const Moments& moments = moments_[i];
    if (moments.step == 0) continue;
    state.emplace_back(name + ".m", moments.m);
    state.emplace_back(name + ".v", moments.v);
    // Exact up to 2^24 steps, as PyTorch's own.
    state.emplace_back(name + ".step", Tensor::full({}, static_cast<float>(moments.step)));
  }
  return state;
}

void Adam::load_state(const NamedTensors& state) {
  const std::map<std::string, Tensor> given(state.begin(), state.end());
  std::vector<Moments> loaded(parameters_.size());
  size_t used = 0;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [name, parameter] = parameters_[i];
    const auto m = given.find(name + ".m"), v = given.find(name + ".v"), step = given.find(name + ".step");
    const int found = (m != given.end()) + (v != given.end()) + (step != given.end());
    if (found == 0) continue;
    check(found == 3, "adam", "the saved state of '{}' is not complete: .m, .v and .step are needed", name);
    check(m->second.shape() == parameter.shape() && v->second.shape() == parameter.shape(), "adam",
          "the saved state of '{}' has shapes {} and {}, the parameter {}", name, to_string(m->second.shape()),
          to_string(v->second.shape()), to_string(parameter.shape()));
    const float t = step->second.size() == 1 ? step->second.item() : 0.0f;
    check(t >= 1.0f && t <= 0x1p24f && t == std::floor(t), "adam",
          "the saved step of '{}' is not a whole number of 1 or more", name);
    loaded[i] = {Tensor::zeros(parameter.shape(), parameter.device()),
                 Tensor::zeros(parameter.shape(), parameter.device()), static_cast<int64_t>(t)};
    loaded[i].m.copy_from(m->second);
    loaded[i].v.copy_from(v->second);
    used += 3;
  }
  check(used == given.size() && used == state.size(), "adam",
        "the saved state has {} tensors, of which {} are of these parameters", state.size(), used);
  moments_ = std::move(loaded);
}

}  // namespace unmix
