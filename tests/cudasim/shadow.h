// What the instrumented build keeps of every word of device memory: which bytes were written, and which threads of a
// running kernel touched it last. Without instrumentation all of this is nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cudasim {

#ifdef UNMIX_CUDA_SIM_CHECK

void shadow_fresh(const void* data, size_t bytes);                   // never written
void shadow_written(const void* data, size_t bytes);                 // by work that is no kernel
void shadow_copied(const void* to, const void* from, size_t bytes);  // both on the device
size_t shadow_unwritten(const void* data, size_t bytes);             // offset of the first such byte; bytes if none

// A kernel begins; one of its blocks does, passes a barrier, ends.
void shadow_launch();
void shadow_block();
void shadow_barrier();
void shadow_block_end();

// An access of the running thread, `size` bytes at once: checked, recorded and counted.
struct Access {
  const void *address, *code;
  size_t size;
  bool write, vector;  // vector: one instruction, whose address must be a multiple of its size
};
void watch(const Access& access);

#else

inline void shadow_fresh(const void*, size_t) {}
inline void shadow_written(const void*, size_t) {}
inline void shadow_copied(const void*, const void*, size_t) {}
inline size_t shadow_unwritten(const void*, size_t bytes) { return bytes; }
inline void shadow_launch() {}
inline void shadow_block() {}
inline void shadow_barrier() {}
inline void shadow_block_end() {}

#endif

}  // namespace cudasim
