// A loss and its gradient on a batch from a .safetensors file, to compare with another framework: tensors `mixture`
// (B, C, T), `targets` (K, B, C, T), `masks` (K, F, B, C, bins); metadata `n_fft`, `n_hop` and `sample_rate` in
// Hz, 44100 where it is missing.
#pragma once

#include <filesystem>
#include <string>

#include "losses/objective.h"

namespace unmix {

struct LossOnFile {
  double value;
  std::string features;  // DeepFeature's, in words; empty where the loss has none
  Tensor mask_gradient;  // of the shape of `masks`, on the CPU
};

// n_fft and hop 0: the file's metadata. weights: of the network of a loss that has one: Adversarial's discriminators,
// which judge as in a training step (batch norm on the batch), or DeepFeature's VGGish, which is random without them.
LossOnFile loss_on_file(const Objective& objective, const std::filesystem::path& input, int64_t n_fft, int64_t hop,
                        const std::filesystem::path& weights, Device device);

// Writes the gradient as `masks.grad`.
void write_mask_gradient(const std::filesystem::path& output, const LossOnFile& loss);

}  // namespace unmix
