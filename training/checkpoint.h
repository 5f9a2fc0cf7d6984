// Everything a resume needs, in one .chkpnt file (a .safetensors with the state that is not tensors in its metadata).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "layers/module.h"

namespace unmix {

struct Checkpoint {
  NamedTensors model, best, optimizer;  // the last weights, those of the best epoch (or none), Adam's state
  nlohmann::json progress;              // args, epoch, position in it, histories, schedule
  NamedTensors discriminators = {}, discriminator_optimizer = {};  // of adversarial training
};

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Throws one line for a file that is missing, damaged or not a checkpoint.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace unmix
