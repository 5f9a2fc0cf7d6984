// One training step: spectra, masks, loss, gradients, update. Nothing in it waits for the device. The spectra are made
// by Signals (losses/signals.h), since the loss needs them too.
#pragma once

#include "losses/balancer.h"
#include "models/mask_network.h"
#include "optim/adam.h"
#include "tensor/readback.h"
#include "training/adversary.h"

namespace unmix {

// Signals of an adversarial step that belong to none of the batch's, on the network's device; undefined: none.
struct UnpairedSignals {
  Tensor mixture = {};  // (batch, channels, samples)
  Tensor stems = {};    // (sources, batch, channels, samples)
};

// What a step works on.
struct StepContext {
  MaskNetwork& network;
  const Stft& stft;
  const Objective& objective;
  Adam& optimizer;
  int sample_rate;                  // of the batches' signals, in Hz
  double clip_gradient_norm = 0.0;  // 0: off
  Adversary* adversary = nullptr;   // updated before the network in every step
  Balancer* balancer = nullptr;     // of the objective's terms
};

// The loss of one batch without a graph, an update or a discriminator; the network's mode is the caller's.
Tensor evaluate_loss(const StepContext& context, const Tensor& mixture, const Tensor& targets);

// Step number `step` (it chooses the dropout) of the run with this seed. mixture (batch, channels, samples), targets
// (sources, batch, channels, samples), on the network's device and given away. Returns the loss before the update, and
// after it that of the discriminators where there are any.
Readback training_step(const StepContext& context, Tensor mixture, Tensor targets, uint64_t seed, uint64_t step,
                       UnpairedSignals unpaired = {});

}  // namespace unmix
