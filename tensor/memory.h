// Memory of both devices. CPU blocks are 64-byte aligned and kept for reuse, so that a training loop touches no fresh
// page after its first step; CUDA blocks are stream-ordered, from the toolkit's pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tensor/device.h"

namespace unmix {

// Room for `count` floats, returned to its pool with the last handle. Throws "out of memory" with the size asked for.
std::shared_ptr<float[]> allocate(int64_t count, Device device);

// Copies between or within devices, in the order of the calling thread's stream. A copy to the CPU waits for its end;
// a copy from the CPU returns when the source may be overwritten.
void copy(float* to, Device to_device, const float* from, Device from_device, int64_t count);

void fill(float* data, Device device, float value, int64_t count);

struct MemoryUse {
  size_t in_use;  // bytes held by live tensors
  size_t held;    // bytes of address space taken from the system, the pool's free blocks included
};
MemoryUse cpu_memory_use();

// Gives the CPU pool's free segments back to the system.
void release_cpu_memory();

}  // namespace unmix
