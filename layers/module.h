// Module: named parameters and buffers, children, training or evaluation mode. Names are those of the PyTorch state
// dict of the same model ("lstm.weight_ih_l0"), so that weights load unchanged.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autograd/var.h"
#include "tensor/random.h"

namespace unmix {

// The random numbers of an initialisation, in the order of the parameters.
class Initializer {
 public:
  explicit Initializer(uint64_t seed) : seed_(seed) {}
  Tensor uniform(Shape shape, double bound);  // in [-bound, bound)

 private:
  uint64_t seed_;
  uint64_t tensors_ = 0;
};

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  NamedVars parameters() const;
  NamedTensors state() const;  // parameters, then buffers; handles on the tensors themselves

  // Copies values into the parameters and buffers. Every one must be there in its shape; names that the module does
  // not have are an error unless `ignore_unknown`. `source` names the file in messages. Nothing changes on an error.
  void load_state(const NamedTensors& state, const std::string& source, bool ignore_unknown = false);

  void to(Device device);
  void train(bool on = true);
  bool training() const { return training_; }
  void freeze();  // parameters require no gradient from now on

  // Chooses the random numbers of the next training step: they depend on seed and step alone.
  void begin_step(uint64_t seed, uint64_t step);

 protected:
  Var add_parameter(std::string name, Tensor value);
  void add_buffer(std::string name, Tensor* value);  // lives in the derived object
  void add_child(std::string name, Module* child);
  virtual void on_begin_step(uint64_t /*seed*/, uint64_t /*stream*/) {}

 private:
  // Calls visit(prefix, module) for the module and its children, in order.
  template <class Self, class Visit>
  static void for_each(Self& module, const std::string& prefix, const Visit& visit);
  // The module's own state, after checking that `given` fits it.
  NamedTensors state_checked(const NamedTensors& given, const std::string& source, bool ignore_unknown) const;

  NamedVars parameters_;
  std::vector<std::pair<std::string, Tensor*>> buffers_;
  std::vector<std::pair<std::string, Module*>> children_;
  bool training_ = true;
};

}  // namespace unmix
