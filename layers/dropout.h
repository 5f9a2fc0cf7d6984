// Dropout (Srivastava et al., 2014), in training only; its numbers are those of Module::begin_step.
#pragma once

#include "autograd/ops.h"
#include "layers/module.h"

namespace unmix {

class Dropout : public Module {
 public:
  explicit Dropout(double p) : p_(static_cast<float>(p)) {}

  Var operator()(const Var& x) const { return training() ? dropout(x, p_, seed_, stream_) : x; }

 private:
  void on_begin_step(uint64_t seed, uint64_t stream) override { seed_ = seed, stream_ = stream; }

  float p_;
  uint64_t seed_ = 0, stream_ = 0;
};

}  // namespace unmix
