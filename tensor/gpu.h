// The device language: shared memory, barriers, shuffles and thread indices as small functions, so that a kernel reads
// the same for the compiler of the GPU and for the simulated device (UNMIX_CUDA=SIM), whose own header is included
// before this one. No kernel uses the instructions themselves.
#pragma once

#include <cuda_runtime.h>

#ifdef UNMIX_CUDA_SIM
#define UNMIX_GPU(instruction, simulated) simulated
#else
#define UNMIX_GPU(instruction, simulated) instruction
#endif

namespace unmix::gpu {

constexpr int kWarp = 32;

// The line at which threads meet: the simulated device checks and reports it, a GPU has no use for it.
#ifdef UNMIX_CUDA_SIM
using Site = cudasim::Site;
#else
struct Site {
  __device__ static Site here() { return {}; }
};
#endif

__device__ inline unsigned thread() { return UNMIX_GPU(threadIdx.x, cudasim::place.thread); }
__device__ inline unsigned block_threads() { return UNMIX_GPU(blockDim.x, cudasim::place.block_threads); }
__device__ inline unsigned block() { return UNMIX_GPU(blockIdx.x, cudasim::place.block); }
__device__ inline unsigned grid_blocks() { return UNMIX_GPU(gridDim.x, cudasim::place.grid_blocks); }

// Waits for all threads of the block.
__device__ inline void barrier([[maybe_unused]] Site site = Site::here()) {
  UNMIX_GPU(__syncthreads(), cudasim::barrier(site));
}

// The block's dynamic shared memory, of the size given at the launch; aligned for vector types.
template <class T>
__device__ inline T* shared_memory() {
#ifdef UNMIX_CUDA_SIM
  unsigned char* unmix_shared_memory = cudasim::place.shared;
#else
  extern __shared__ __align__(16) unsigned char unmix_shared_memory[];
#endif
  return reinterpret_cast<T*>(unmix_shared_memory);
}

// The value of the lane `distance` above, in a full warp.
template <class T>
__device__ inline T shuffle_down(T value, int distance, [[maybe_unused]] Site site = Site::here()) {
  return UNMIX_GPU(__shfl_down_sync(0xffffffffu, value, distance), cudasim::shuffle_down(value, distance, site));
}

}  // namespace unmix::gpu
