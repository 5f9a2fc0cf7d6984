// Weighs the terms of a sum by what they do to the masks (Defossez, Copet, Synnaeve, Adi, "High Fidelity Neural Audio
// Compression", 2022, eq. 5): with g_i the gradient of term i by the masks and <|g_i|> the moving average of its norm,
// the network is given  sum_i w_i / (sum_j |w_j|) g_i / <|g_i|>,  so that weights are shares of the gradient.
#pragma once

#include "losses/objective.h"

namespace unmix {

class Balancer {
 public:
  Balancer(const Objective& objective, Device device);

  // The value of the objective, whose backward gives the masks the balanced gradient. Each term runs on its own, so
  // that what they share is computed once per term. Nothing waits for the device.
  Var operator()(const Objective& objective, Signals& signals);

  // For a checkpoint: terms + 1 values.
  const Tensor& state() const { return averages_; }
  void load_state(const std::vector<float>& state);

 private:
  Tensor averages_;  // sum over steps t of 0.999^(now - t) |g_i|, and of 0.999^(now - t) alone
};

}  // namespace unmix
