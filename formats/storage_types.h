// The number types of PyTorch's storages, and their values as float32.
#pragma once

#include <span>
#include <string_view>

#include "tensor/tensor.h"

namespace unmix {

struct StorageType {
  std::string_view name;             // "torch.FloatStorage"
  uint64_t bytes;                    // of one value
  float (*load)(const char* value);  // unaligned, little-endian
};

std::span<const StorageType> storage_types();
const StorageType* find_storage_type(std::string_view name);  // null if there is none

// Copies the values of a tensor whose first one is at `first`; strides in values, the caller checks that they fit.
void copy_strided(const StorageType& type, const char* first, const Shape& shape, const Shape& strides, float* to);

}  // namespace unmix
