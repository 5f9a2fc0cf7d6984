// The discriminators of a .safetensors file, as adversarial training writes them to <model>/discriminators/, or (.pth
// too) of PyTorch's state dicts joined under the sources' names: "vocals.model.0.weight".
#pragma once

#include <filesystem>
#include <memory>

#include "models/discriminator.h"

namespace unmix {

struct DiscriminatorFile {
  std::unique_ptr<Discriminators> discriminators;  // one per source, the usual order first
  std::string gan;                                 // of the metadata; "" where it says nothing
};

// Kind, width and spectral normalisation are read off the tensors; frames and bins are those of the spectrograms to
// judge. Throws, naming the file, where they are of no known kind or do not fit.
DiscriminatorFile load_discriminators(const std::filesystem::path& file, int64_t frames, int64_t bins);

}  // namespace unmix
