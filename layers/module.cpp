#include "layers/module.h"

#include <algorithm>

#include "base/error.h"
#include "base/signals.h"

namespace unmix {
namespace {

constexpr uint64_t kModulesPerStep = 1024;  // streams of random numbers that one step may use

const Tensor* find(const NamedTensors& state, const std::string& name) {
  const auto found = std::find_if(state.begin(), state.end(), [&](const auto& entry) { return entry.first == name; });
  return found == state.end() ? nullptr : &found->second;
}

}  // namespace

Tensor Initializer::uniform(Shape shape, double bound) {
  Tensor tensor = Tensor::empty(std::move(shape));
  const Philox random{seed_, tensors_++};
  float* values = tensor.data();
  const int64_t count = tensor.size();
  const SignalsBlocked scope;
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < (count + 3) / 4; ++block) {
    uint32_t words[4];
    random.block(static_cast<uint64_t>(block), words);
    for (int64_t i = 4 * block; i < std::min(count, 4 * block + 4); ++i)
      values[i] = static_cast<float>((2.0 * Philox::fraction(words[i % 4]) - 1.0) * bound);
  }
  return tensor;
}

template <class Self, class Visit>
void Module::for_each(Self& module, const std::string& prefix, const Visit& visit) {
  visit(prefix, module);
  for (const auto& [name, child] : module.children_) for_each<Self>(*child, prefix + name + ".", visit);
}

NamedVars Module::parameters() const {
  NamedVars all;
  for_each(*this, "", [&](const std::string& prefix, const Module& module) {
    for (const auto& [name, parameter] : module.parameters_) all.emplace_back(prefix + name, parameter);
  });
  return all;
}

NamedTensors Module::state() const {
  NamedTensors all;
  for (const auto& [name, parameter] : parameters()) all.emplace_back(name, parameter.value());
  for_each(*this, "", [&](const std::string& prefix, const Module& module) {
    for (const auto& [name, buffer] : module.buffers_) all.emplace_back(prefix + name, *buffer);
  });
  return all;
}

void Module::load_state(const NamedTensors& state, const std::string& source, bool ignore_unknown) {
  const NamedTensors own = state_checked(state, source, ignore_unknown);
  for (auto [name, tensor] : own) tensor.copy_from(*find(state, name));
}

NamedTensors Module::state_checked(const NamedTensors& given, const std::string& source, bool ignore_unknown) const {
  NamedTensors own = state();
  for (const auto& [name, tensor] : own) {
    const Tensor* value = find(given, name);
    check(value != nullptr, "weights", "{} lacks the tensor {} of shape {}", source, name, to_string(tensor.shape()));
    check(value->shape() == tensor.shape(), "weights", "{}: tensor {} has shape {}, this model wants {}", source, name,
          to_string(value->shape()), to_string(tensor.shape()));
  }
  for (const auto& [name, value] : given)
    check(ignore_unknown || find(own, name) != nullptr, "weights", "{}: this model has no tensor {}", source, name);
  return own;
}

void Module::to(Device device) {
  for_each(*this, "", [&](const std::string&, Module& module) {
    for (auto& [name, parameter] : module.parameters_) parameter.value() = parameter.value().to(device);
    for (auto& [name, buffer] : module.buffers_) *buffer = buffer->to(device);
  });
}

void Module::train(bool on) {
  for_each(*this, "", [&](const std::string&, Module& module) { module.training_ = on; });
}

void Module::freeze() {
  for (auto& [name, parameter] : parameters()) Var(parameter).set_requires_grad(false);
}

void Module::begin_step(uint64_t seed, uint64_t step) {
  uint64_t stream = step * kModulesPerStep;
  for_each(*this, "", [&](const std::string&, Module& module) { module.on_begin_step(seed, stream++); });
}

Var Module::add_parameter(std::string name, Tensor value) {
  Var parameter(std::move(value), true);
  parameters_.emplace_back(std::move(name), parameter);
  return parameter;
}

void Module::add_buffer(std::string name, Tensor* value) { buffers_.emplace_back(std::move(name), value); }

void Module::add_child(std::string name, Module* child) { children_.emplace_back(std::move(name), child); }

}  // namespace unmix
