// Weights in any format that can be read.
#pragma once

#include <filesystem>

#include "formats/safetensors.h"

namespace unmix {

// Reads a .safetensors or a .pth, told by its content, whatever its name. Throws one line, naming the file, where it is
// neither or damaged.
TensorFile read_weights(const std::filesystem::path& path);

}  // namespace unmix
