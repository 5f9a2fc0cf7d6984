// Adam with coupled weight decay, as torch.optim.Adam (Kingma & Ba, 2015, algorithm 1). Per parameter, at its step t:
//   g += weight_decay p,  m += (1 - beta1) (g - m),  v = beta2 v + (1 - beta2) g^2
//   p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/var.h"

namespace unmix {

struct AdamOptions {
  double learning_rate = 1e-3;
  double weight_decay = 0.0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

class Adam {
 public:
  // Parameters by distinct names; their values are changed in place, on their own device.
  Adam(NamedVars parameters, const AdamOptions& options);

  // One step of every parameter that has a gradient; the others keep their value and their t.
  void step();
  void clear_gradients();

  double learning_rate() const { return options_.learning_rate; }
  void set_learning_rate(double learning_rate);

  // Per parameter that has taken a step: NAME.m and NAME.v, which share this optimizer's memory, and NAME.step {}.
  NamedTensors state() const;
  // Takes over copies of what state() gave. Throws, with nothing changed, if names or shapes are not this optimizer's.
  void load_state(const NamedTensors& state);

 private:
  struct Moments {
    Tensor m, v;  // undefined before the first step
    int64_t step = 0;
  };

  NamedVars parameters_;
  std::vector<Moments> moments_;
  AdamOptions options_;
};

}  // namespace unmix
