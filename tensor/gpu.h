// The device language: shared memory, barriers, shuffles and thread indices as small functions, so that a kernel reads
// the same for the compiler of the GPU and for a simulator on the host. No kernel uses the instructions themselves.
#pragma once

#include <cuda_runtime.h>

namespace unmix::gpu {

constexpr int kWarp = 32;

__device__ inline unsigned thread() { return threadIdx.x; }
__device__ inline unsigned block_threads() { return blockDim.x; }
__device__ inline unsigned block() { return blockIdx.x; }
__device__ inline unsigned block_y() { return blockIdx.y; }
__device__ inline unsigned grid_blocks() { return gridDim.x; }

// Waits for all threads of the block.
__device__ inline void barrier() { __syncthreads(); }

// The block's dynamic shared memory, of the size given at the launch; aligned for vector types.
template <class T>
__device__ inline T* shared_memory() {
  extern __shared__ __align__(16) unsigned char unmix_shared_memory[];
  return reinterpret_cast<T*>(unmix_shared_memory);
}

// The value of the lane `distance` above, in a full warp.
template <class T>
__device__ inline T shuffle_down(T value, int distance) {
  return __shfl_down_sync(0xffffffffu, value, distance);
}

}  // namespace unmix::gpu
