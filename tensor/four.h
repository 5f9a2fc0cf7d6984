// Four neighbouring floats that a GPU loads or stores in one instruction, from addresses that are multiples of 16.
#pragma once

#include <cstdint>

#include "tensor/hd.h"

namespace unmix {

struct alignas(16) Four {
  float value[4];
  HD float& operator[](int i) { return value[i]; }
  HD float operator[](int i) const { return value[i]; }
};

// Whether `data` can be read and written so.
inline bool in_fours(const float* data) { return reinterpret_cast<uintptr_t>(data) % sizeof(Four) == 0; }

}  // namespace unmix
