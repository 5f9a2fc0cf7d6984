// Var: a tensor and its place in the graph of operations that made it.
//
// An operation calls make_var(value, inputs, backward). If no input requires a gradient the result is a plain value;
// otherwise a node is kept, whose backward closure holds Tensors (never Vars) and adds to its inputs' gradients.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace unmix {

struct Node;

// Where a backward closure puts the gradients of its operation's inputs.
class Gradients {
 public:
  explicit Gradients(std::span<const std::shared_ptr<Node>> inputs) : inputs_(inputs) {}
  bool wanted(size_t input) const;
  void add(size_t input, Tensor gradient);  // of the input's shape; the caller gives the tensor away

 private:
  std::span<const std::shared_ptr<Node>> inputs_;
};

using Backward = std::function<void(const Tensor& gradient, Gradients& gradients)>;

class Var {
 public:
  Var() = default;
  explicit Var(Tensor value, bool requires_grad = false);

  bool defined() const { return node_ != nullptr; }
  const Tensor& value() const;
  Tensor& value();
  const Shape& shape() const { return value().shape(); }
  int64_t dim(int axis) const { return value().dim(axis); }
  int64_t size() const { return value().size(); }
  Device device() const { return value().device(); }
  bool requires_grad() const;
  void set_requires_grad(bool requires_grad);

  const Tensor& grad() const;  // undefined before the first backward
  void set_grad(Tensor gradient);
  void clear_grad();

  // Adds d(this)/d(leaf) to the gradient of every leaf that requires one; this must hold one value. The graph is
  // consumed: what it kept is freed as soon as it has been used.
  void backward();

  // The same value, outside the graph.
  Var detach() const { return Var(value()); }

 private:
  friend Var make_var(Tensor value, std::vector<Var> inputs, Backward backward);
  std::shared_ptr<Node> node_;
};

using NamedVars = std::vector<std::pair<std::string, Var>>;

Var make_var(Tensor value, std::vector<Var> inputs, Backward backward);

// A scalar whose gradient by `input` was computed ahead.
Var with_gradient(const Tensor& value, const Var& input, Tensor gradient);

// Whether an operation on these inputs would build a graph, so that it must keep what its backward needs.
bool builds_graph(std::span<const Var> inputs);

// While one lives, operations of this thread build no graph.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace unmix
