// One training step: spectra, masks, loss, gradients, update. Nothing in it waits for the device.
#pragma once

#include "losses/registry.h"
#include "models/mask_network.h"
#include "optim/adam.h"
#include "tensor/readback.h"

namespace unmix {

struct Learner {
  MaskNetwork& network;
  const Stft& stft;
  const LossEntry& loss;
  Variant variant;
  Adam& optimizer;
  double clip_gradient_norm = 0.0;  // 0: off
};

// The loss of one batch without a graph or an update; the network's mode is the caller's.
Tensor evaluate_loss(const Learner& learner, const Tensor& mixture, const Tensor& targets);

// Step number `step` (it chooses the dropout) of the run with this seed. mixture (batch, channels, samples), targets
// (sources, batch, channels, samples), on the network's device and given away. Returns the loss before the update.
Readback training_step(const Learner& learner, Tensor mixture, Tensor targets, uint64_t seed, uint64_t step);

}  // namespace unmix
