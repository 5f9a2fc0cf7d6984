// A loss and its gradient on a batch from a .safetensors file, to compare with another framework: tensors `mixture`
// (B, C, T), `targets` (K, B, C, T), `masks` (K, F, B, C, bins); metadata `n_fft`, `n_hop`.
#pragma once

#include <filesystem>

#include "losses/registry.h"

namespace unmix {

struct LossOnFile {
  double value;
  Tensor mask_gradient;  // of the shape of `masks`, on the CPU
};

// n_fft and hop 0: the file's metadata.
LossOnFile loss_on_file(const LossEntry& loss, Variant variant, const std::filesystem::path& input, int64_t n_fft,
                        int64_t hop, Device device);

// Writes the gradient as `masks.grad`.
void write_mask_gradient(const std::filesystem::path& output, const LossOnFile& loss);

// "seed" or "paper"; throws UsageError.
Variant parse_variant(std::string_view text);

}  // namespace unmix
