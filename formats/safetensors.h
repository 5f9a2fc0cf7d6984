// The .safetensors format: 8 bytes little-endian length of a JSON header, the header
// {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {"key": "text"}}, then the data.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace unmix {

struct TensorFile {
  NamedTensors tensors;  // in the order of the header, on the CPU when read
  std::map<std::string, std::string> metadata;

  const Tensor* find(std::string_view name) const;  // null if there is none
};

// Reads dtypes F32, F64 (rounded to float32) and single I64 values (batch counters). Anything else, and whatever does
// not hold to the format, throws one line with the file's name; nothing is allocated that the file could not fill.
TensorFile read_safetensors(const std::filesystem::path& path);

// The values of one F64 or F32 tensor in double precision.
std::vector<double> read_safetensors_f64(const std::filesystem::path& path, std::string_view name);

// Atomic; all tensors as F32, from any device.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace unmix
