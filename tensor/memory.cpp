#include "tensor/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "tensor/memory_cuda.h"

namespace unmix {
namespace {

// Sizes are rounded up to an eighth of their power of two: few distinct sizes, so that blocks are found again, and at
// most 12.5 % lost. Blocks from 2 MiB are mapped with huge pages where the system grants them.
size_t rounded(size_t bytes) {
  if (bytes <= 64) return 64;
  const size_t step = std::max<size_t>(64, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

constexpr size_t kHugePage = size_t{2} << 20;

class CpuPool {
 public:
  static CpuPool& instance() {
    static auto* pool = new CpuPool;  // never destroyed: tensors in static storage may outlive every other object
    return *pool;
  }

  void* take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      use_.in_use += bytes;
      auto& blocks = free_[bytes];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return block;
      }
      use_.held += bytes;
    }
    const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
    void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block == nullptr) refuse(bytes);
    if (bytes >= kHugePage) madvise(block, bytes, MADV_HUGEPAGE);
    return block;
  }

  void give(void* block, size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.in_use -= bytes;
    free_[bytes].push_back(block);
  }

  void release() {
    const std::lock_guard lock(mutex_);
    for (auto& [bytes, blocks] : free_) {
      use_.held -= bytes * blocks.size();
      for (void* block : blocks) std::free(block);
      blocks.clear();
    }
  }

  MemoryUse use() {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  [[noreturn]] void refuse(size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.in_use -= bytes;
    use_.held -= bytes;
    fail("memory", "out of memory: {:.1f} MiB asked for while {:.1f} MiB are in use; a smaller batch or shorter "
         "excerpt needs less", static_cast<double>(bytes) / (1 << 20), static_cast<double>(use_.in_use) / (1 << 20));
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
  MemoryUse use_{};
};

std::shared_ptr<float[]> allocate_cpu(int64_t count) {
  const size_t bytes = rounded(static_cast<size_t>(count) * sizeof(float));
  auto* block = static_cast<float*>(CpuPool::instance().take(bytes));
  return {block, [bytes](float* data) { CpuPool::instance().give(data, bytes); }};
}

}  // namespace

std::shared_ptr<float[]> allocate(int64_t count, Device device) { return UNMIX_DISPATCH(device, allocate, count); }

void copy(float* to, Device to_device, const float* from, Device from_device, int64_t count) {
  if (count == 0) return;
#ifdef UNMIX_CUDA
  if (to_device == Device::cuda || from_device == Device::cuda) return copy_cuda(to, to_device, from, from_device, count);
#else
  static_cast<void>(to_device), static_cast<void>(from_device);
#endif
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

MemoryUse cpu_memory_use() { return CpuPool::instance().use(); }

void release_cpu_memory() { CpuPool::instance().release(); }

}  // namespace unmix
