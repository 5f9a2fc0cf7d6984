// The memory that belongs to the threads of a kernel and to its blocks.
#include <sys/mman.h>

#include "tests/cudasim/device.h"

namespace cudasim {
namespace {

constexpr size_t kPage = 4096;

std::byte* map_memory(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("cudasim: mmap");
    std::abort();
  }
  return static_cast<std::byte*>(memory);
}

// Each after a page that always faults.
constexpr size_t kStackPlace = kPage + kStackBytes;

std::byte* stacks() {
  static std::byte* const memory = [] {
    std::byte* made = map_memory(kMaxThreads * kStackPlace);
    for (unsigned i = 0; i < kMaxThreads; ++i) mprotect(made + i * kStackPlace, kPage, PROT_NONE);
    return made;
  }();
  return memory;
}

bool within(const std::byte* at, size_t bytes, const void* data, size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  return at >= begin && at + bytes <= begin + size;
}

}  // namespace

std::byte* stack_end(unsigned fiber) { return stacks() + (fiber + 1) * kStackPlace; }

// Ends before a page that always faults.
std::byte* shared_memory_end() {
  static std::byte* const end = [] {
    std::byte* memory = map_memory(kMaxShared + kPage);
    mprotect(memory + kMaxShared, kPage, PROT_NONE);
    return memory + kMaxShared;
  }();
  return end;
}

bool is_local(const void* address, size_t bytes, bool write) {
  const auto* at = static_cast<const std::byte*>(address);
  if (within(at, bytes, stacks(), kMaxThreads * kStackPlace)) return true;
  if (write) return false;
  const Launch* launch = running_launch();
  return within(at, bytes, &place, sizeof place) || within(at, bytes, launch->closure.get(), launch->closure_bytes);
}

size_t shared_bytes() { return running_launch() == nullptr ? 0 : running_launch()->shared_bytes; }

size_t shared_offset(const void* address) {
  const std::byte* begin = shared_memory_end() - kMaxShared;
  const auto* at = static_cast<const std::byte*>(address);
  return within(at, 1, begin, kMaxShared + kPage) ? static_cast<size_t>(at - begin) : SIZE_MAX;
}

}  // namespace cudasim
