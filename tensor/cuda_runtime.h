// What the CUDA halves share: the calling thread's stream, error reports, page-locked memory.
// For files compiled with CUDA only.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "tensor/memory_cuda.h"

namespace unmix {

// The stream on which the calling thread's work is ordered: one per thread and device, never the default stream, and
// never destroyed. A thread that ends waits for its work and leaves its stream to a later thread.
cudaStream_t current_stream();

// Those of the calling thread, by device: null where it has none yet.
std::span<const cudaStream_t> thread_streams() noexcept;

// Throws "[library] call failed: reason (tensor/file.cpp:line)".
[[noreturn]] void library_failure(const char* library, const char* call, const std::string& reason, const char* file,
                                  int line);
[[noreturn]] void cuda_failure(cudaError_t status, const char* call, const char* file, int line);

// Quotes the failed call, file and line.
#define UNMIX_CUDA_CHECK(call)                                                                         \
  do {                                                                                                 \
    const cudaError_t unmix_status_ = (call);                                                          \
    if (unmix_status_ != cudaSuccess) ::unmix::cuda_failure(unmix_status_, #call, __FILE__, __LINE__); \
  } while (false)

// Page-locked host memory, and the event after which the device no longer uses it.
class PinnedBlock {
 public:
  explicit PinnedBlock(size_t bytes);

  std::byte* data() { return data_.get(); }
  size_t bytes() const { return bytes_; }
  int device() const { return device_; }

  void record();      // marks the end of what the current stream holds so far: the block's last use
  bool done() const;  // whether the device has passed that mark
  void wait() const;  // blocks until it has

 private:
  struct Free {
    void operator()(std::byte* data) const { cudaFreeHost(data); }
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
  };
  size_t bytes_;
  int device_;
  std::unique_ptr<std::byte, Free> data_;
  std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Free> event_;
};

struct PinnedReturn {
  void operator()(PinnedBlock* block) const;  // back to the process's pool, which waits for the block's event
};
using PinnedHandle = std::unique_ptr<PinnedBlock, PinnedReturn>;

// A block of at least `bytes` that no copy uses any more. Waits only if 1 GiB is under way already.
PinnedHandle pinned_block(size_t bytes);

}  // namespace unmix
