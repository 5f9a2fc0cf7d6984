#include "autograd/var.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "autograd/accumulate.h"
#include "base/error.h"

namespace unmix {

struct Node {
  Tensor value;
  Tensor gradient;
  bool requires_grad = false;
  std::vector<std::shared_ptr<Node>> inputs;
  Backward backward;
};

namespace {

thread_local bool building_graph = true;

// Every node after all nodes that it feeds: depth first, without recursion, since graphs can be deep.
std::vector<std::shared_ptr<Node>> in_order_of_use(const std::shared_ptr<Node>& root) {
  std::vector<std::shared_ptr<Node>> order;
  std::unordered_set<const Node*> seen{root.get()};
  std::vector<std::pair<std::shared_ptr<Node>, size_t>> path{{root, 0}};
  while (!path.empty()) {
    auto& [node, next] = path.back();
    if (next == node->inputs.size()) {
      order.push_back(node);
      path.pop_back();
      continue;
    }
    const std::shared_ptr<Node> input = node->inputs[next++];
    if (input->requires_grad && seen.insert(input.get()).second) path.emplace_back(input, 0);
  }
  return {order.rbegin(), order.rend()};
}

}  // namespace

bool Gradients::wanted(size_t input) const { return inputs_[input]->requires_grad; }

void Gradients::add(size_t input, Tensor gradient) {
  Node& node = *inputs_[input];
  if (!node.requires_grad) return;
  check(gradient.shape() == node.value.shape(), "backward", "a gradient of shape {} was made for a value of shape {}",
        to_string(gradient.shape()), to_string(node.value.shape()));
  node.gradient = node.gradient.defined() ? accumulate(std::move(node.gradient), gradient) : std::move(gradient);
}

Var::Var(Tensor value, bool requires_grad) : node_(std::make_shared<Node>()) {
  node_->value = std::move(value);
  node_->requires_grad = requires_grad;
}

const Tensor& Var::value() const { return node_->value; }
Tensor& Var::value() { return node_->value; }
bool Var::requires_grad() const { return node_->requires_grad; }
void Var::set_requires_grad(bool requires_grad) { node_->requires_grad = requires_grad; }
const Tensor& Var::grad() const { return node_->gradient; }
void Var::set_grad(Tensor gradient) { node_->gradient = std::move(gradient); }
void Var::clear_grad() { node_->gradient = Tensor(); }

void Var::backward() {
  check(size() == 1, "backward", "a loss is one value, not shape {}", to_string(shape()));
  if (!requires_grad()) return;
  node_->gradient = Tensor::full(shape(), 1.0f, device());
  auto order = in_order_of_use(node_);
  for (auto& node : order) {
    if (node->backward) {
      // Freed before the next node runs: what the closure kept, the gradient that it used, and its value.
      const Backward step = std::exchange(node->backward, nullptr);
      const auto inputs = std::exchange(node->inputs, {});
      const Tensor gradient = std::exchange(node->gradient, Tensor());
      Gradients gradients(inputs);
      if (gradient.defined()) step(gradient, gradients);
    }
    node.reset();
  }
}

bool builds_graph(std::span<const Var> inputs) {
  return building_graph && std::any_of(inputs.begin(), inputs.end(), [](const Var& v) { return v.requires_grad(); });
}

Var make_var(Tensor value, std::vector<Var> inputs, Backward backward) {
  Var result(std::move(value));
  if (!builds_graph(inputs)) return result;
  result.node_->requires_grad = true;
  result.node_->backward = std::move(backward);
  for (const Var& input : inputs) result.node_->inputs.push_back(input.node_);
  return result;
}

NoGrad::NoGrad() : before_(std::exchange(building_graph, false)) {}
NoGrad::~NoGrad() { building_graph = before_; }

}  // namespace unmix
