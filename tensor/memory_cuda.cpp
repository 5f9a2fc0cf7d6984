#include "tensor/memory_cuda.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <vector>

#include "tensor/cuda_runtime.h"
#include "tensor/group_limits.h"
#include "tensor/per_device.h"

namespace unmix {
namespace {

constexpr size_t kStagingBytes = size_t{8} << 20;

// An event is of the device that is current when it is made, and marks only that device's streams.
void wait_for_event_of(cudaStream_t waits, cudaStream_t works, int device) noexcept {
  int current = 0;
  cudaEvent_t event = nullptr;
  if (cudaGetDevice(&current) != cudaSuccess || (current != device && cudaSetDevice(device) != cudaSuccess)) return;
  if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess) {
    if (cudaEventRecord(event, works) == cudaSuccess) cudaStreamWaitEvent(waits, event, 0);
    cudaEventDestroy(event);  // the wait keeps what it needs
  }
  if (current != device) cudaSetDevice(current);
}

// After the work of the thread that drops the last handle, on whichever devices it has any: copies may lie between two.
// Statuses are ignored: nothing can be done in a destructor, and at process exit the runtime refuses every call.
struct FreeInOrder {
  cudaStream_t stream;
  void operator()(float* data) const noexcept {
    int device = 0;
    for (const cudaStream_t mine : thread_streams()) {
      if (mine != nullptr && mine != stream) wait_for_event_of(stream, mine, device);
      ++device;
    }
    cudaFreeAsync(data, stream);
  }
};

class PinnedPool {
 public:
  static PinnedPool& instance() {
    static auto* pool = new PinnedPool;  // never destroyed: threads may still give blocks back at exit
    return *pool;
  }

  PinnedBlock* take(size_t bytes) {
    const int device = current_cuda_device();
    PinnedBlock* oldest = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto fits = [&](const PinnedBlock* block) { return block->bytes() == bytes && block->device() == device; };
      auto found =
          std::find_if(blocks_.begin(), blocks_.end(), [&](auto* block) { return fits(block) && block->done(); });
      if (found != blocks_.end()) return remove(found);
      found = std::find_if(blocks_.begin(), blocks_.end(), fits);
      if (found != blocks_.end() && held_ + bytes > static_cast<size_t>(group_limits().pinned_bytes))
        oldest = remove(found);
    }
    if (oldest == nullptr) return make(bytes);
    oldest->wait();
    return oldest;
  }

  void give(PinnedBlock* block) {
    const std::lock_guard lock(mutex_);
    blocks_.push_back(block);
  }

 private:
  PinnedBlock* remove(std::vector<PinnedBlock*>::iterator found) {
    PinnedBlock* block = *found;
    blocks_.erase(found);
    return block;
  }

  PinnedBlock* make(size_t bytes) {
    auto* block = new PinnedBlock(bytes);
    const std::lock_guard lock(mutex_);
    held_ += bytes;
    return block;
  }

  std::mutex mutex_;
  std::vector<PinnedBlock*> blocks_;  // not in use by the host, in the order of their last use by the device
  size_t held_ = 0;
};

// Copies to the device go through page-locked blocks, filled one after another: the source may be overwritten at once
// and nothing waits for the device.
class Staging {
 public:
  Staging() = default;
  ~Staging() {
    try {
      if (block_ != nullptr) block_->record();
    } catch (const Error&) {
      static_cast<void>(block_.release());  // whether the device is done with it cannot be known: never reuse it
    }
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  void upload(void* to, const void* from, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
      if (block_ == nullptr || used_ == kStagingBytes) next();
      const size_t part = std::min(bytes - done, kStagingBytes - used_);
      std::byte* staged = block_->data() + used_;
      std::memcpy(staged, static_cast<const std::byte*>(from) + done, part);
      UNMIX_CUDA_CHECK(
          cudaMemcpyAsync(static_cast<std::byte*>(to) + done, staged, part, cudaMemcpyHostToDevice, current_stream()));
      used_ += std::min((part + 63) / 64 * 64, kStagingBytes - used_);
      done += part;
    }
  }

 private:
  void next() {
    if (block_ != nullptr) block_->record();
    block_.reset();
    block_ = pinned_block(kStagingBytes);
    used_ = 0;
  }

  PinnedHandle block_;
  size_t used_ = 0;
};

}  // namespace

PinnedBlock::PinnedBlock(size_t bytes) : bytes_(bytes), device_(current_cuda_device()) {
  void* data = nullptr;
  UNMIX_CUDA_CHECK(cudaHostAlloc(&data, bytes, cudaHostAllocPortable));
  data_.reset(static_cast<std::byte*>(data));
  cudaEvent_t event = nullptr;
  UNMIX_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  event_.reset(event);
}

void PinnedBlock::record() { UNMIX_CUDA_CHECK(cudaEventRecord(event_.get(), current_stream())); }

bool PinnedBlock::done() const {
  const cudaError_t status = cudaEventQuery(event_.get());
  if (status == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());  // not an error, yet it would be reported by the next check
    return false;
  }
  UNMIX_CUDA_CHECK(status);
  return true;
}

void PinnedBlock::wait() const { UNMIX_CUDA_CHECK(cudaEventSynchronize(event_.get())); }

void PinnedReturn::operator()(PinnedBlock* block) const { PinnedPool::instance().give(block); }

PinnedHandle pinned_block(size_t bytes) {
  return PinnedHandle(PinnedPool::instance().take(std::bit_ceil(std::max<size_t>(bytes, 4096))));
}

std::shared_ptr<float[]> allocate_cuda(int64_t count) {
  const size_t bytes = static_cast<size_t>(std::max<int64_t>(count, 1)) * sizeof(float);
  const cudaStream_t stream = current_stream();
  void* data = nullptr;
  const cudaError_t status = cudaMallocAsync(&data, bytes, stream);
  if (status == cudaErrorMemoryAllocation) {
    const std::string call = fmt::format("allocation of {:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
    cuda_failure(status, call.c_str(), __FILE__, __LINE__);
  }
  UNMIX_CUDA_CHECK(status);
  return {static_cast<float*>(data), FreeInOrder{stream}};
}

void copy_cuda(float* to, Device to_device, const float* from, Device from_device, int64_t count) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  if (count == 0) return;
  if (from_device == Device::cpu) return per_device<Staging>().upload(to, from, bytes);
  const bool to_host = to_device == Device::cpu;
  UNMIX_CUDA_CHECK(
      cudaMemcpyAsync(to, from, bytes, to_host ? cudaMemcpyDeviceToHost : cudaMemcpyDeviceToDevice, current_stream()));
  if (to_host) UNMIX_CUDA_CHECK(cudaStreamSynchronize(current_stream()));
}

}  // namespace unmix
