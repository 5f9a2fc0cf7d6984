// The device language on the host: what tensor/gpu.h and tensor/launch.h call where nvcc would have instructions.
// Included before every kernel file of a build with UNMIX_CUDA=SIM.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#undef __launch_bounds__
#define __launch_bounds__(...)

namespace cudasim {

// Where the running thread stands in its grid.
struct Place {
  unsigned thread, block, block_threads, grid_blocks;
  unsigned char* shared;
};
inline thread_local constinit Place place{};

// The line of a kernel that calls a barrier or a shuffle: threads of a block must meet at the same one.
struct Site {
  const char* file = nullptr;
  unsigned line = 0;
  bool operator==(const Site&) const = default;
  static constexpr Site here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    return {file, line};
  }
};

void barrier(Site site);

// What each lane of the warp gets for its bits when all 32 have given theirs: those of the lane `distance` above, its
// own where there is none.
uint64_t shuffle_down_bits(uint64_t bits, int distance, Site site);

template <class T>
T shuffle_down(T value, int distance, Site site) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = shuffle_down_bits(bits, distance, site);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

struct Launch {
  const void* kernel;
  unsigned grid, block;
  size_t shared_bytes;
  std::shared_ptr<const void> closure;  // the kernel and its arguments
  size_t closure_bytes;
  void (*run)(const void* closure);  // one thread
};

// Queues a kernel; what the driver would refuse becomes the thread's last error.
void submit(cudaStream_t stream, Launch launch);

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned grid, unsigned block, size_t shared_bytes, cudaStream_t stream,
            Arguments... arguments) {
  const auto call = [=] { kernel(arguments...); };
  using Call = decltype(call);
  submit(stream, {reinterpret_cast<const void*>(kernel), grid, block, shared_bytes, std::make_shared<Call>(call),
                  sizeof call, [](const void* closure) { (*static_cast<Call*>(closure))(); }});
}

}  // namespace cudasim
