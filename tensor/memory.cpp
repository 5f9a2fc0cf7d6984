#include "tensor/memory.h"

#include <cstring>

#include "tensor/cpu_pool.h"
#include "tensor/memory_cuda.h"

namespace unmix {
namespace {

std::shared_ptr<float[]> allocate_cpu(int64_t count) {
  auto* block = static_cast<float*>(CpuPool::instance().take(static_cast<size_t>(count) * sizeof(float)));
  return {block, [](float* data) { CpuPool::instance().give(data); }};
}

}  // namespace

std::shared_ptr<float[]> allocate(int64_t count, Device device) { return UNMIX_DISPATCH(device, allocate, count); }

void copy(float* to, Device to_device, const float* from, Device from_device, int64_t count) {
  if (count == 0) return;
#ifdef UNMIX_CUDA
  if (to_device == Device::cuda || from_device == Device::cuda)
    return copy_cuda(to, to_device, from, from_device, count);
#else
  static_cast<void>(to_device), static_cast<void>(from_device);
#endif
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

MemoryUse cpu_memory_use() { return CpuPool::instance().use(); }

void release_cpu_memory() { CpuPool::instance().release(); }

}  // namespace unmix
