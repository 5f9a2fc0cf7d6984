#include "tensor/cpu_pool.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>

#include "base/error.h"

namespace unmix {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSegment = size_t{1} << 30;  // address space: pages count once they are touched

size_t rounded(size_t bytes, size_t to) { return std::max(to, (bytes + to - 1) / to * to); }

}  // namespace

CpuPool& CpuPool::instance() {
  static auto* pool = new CpuPool;  // never destroyed: tensors in static storage may outlive every other object
  return *pool;
}

void* CpuPool::take(size_t bytes) {
  const size_t size = rounded(bytes, kAlignment);
  const std::lock_guard lock(mutex_);
  const auto block = find_room(size);
  by_size_.erase({block->second.bytes, block->first});
  if (block->second.bytes > size) {
    const auto rest =
        blocks_.emplace(block->first + size, Block{block->second.bytes - size, true, block->second.segment});
    by_size_.emplace(rest.first->second.bytes, rest.first->first);
    block->second.bytes = size;
  }
  block->second.free = false;
  use_.in_use += size;
  ASAN_UNPOISON_MEMORY_REGION(block->first, size);
  return block->first;
}

void CpuPool::give(void* data) {
  const std::lock_guard lock(mutex_);
  const auto block = blocks_.find(static_cast<char*>(data));
  use_.in_use -= block->second.bytes;
  ASAN_POISON_MEMORY_REGION(block->first, block->second.bytes);
  mark_free(block);
}

// Joins the block with its free neighbours in the segment.
void CpuPool::mark_free(Blocks::iterator block) {
  block->second.free = true;
  const auto joins = [&](Blocks::iterator other) {
    return other->second.free && other->second.segment == block->second.segment;
  };
  if (const auto after = std::next(block); after != blocks_.end() && joins(after)) {
    by_size_.erase({after->second.bytes, after->first});
    block->second.bytes += after->second.bytes;
    blocks_.erase(after);
  }
  if (block != blocks_.begin()) {
    if (const auto before = std::prev(block); joins(before)) {
      by_size_.erase({before->second.bytes, before->first});
      before->second.bytes += block->second.bytes;
      blocks_.erase(block);
      block = before;
    }
  }
  by_size_.emplace(block->second.bytes, block->first);
}

CpuPool::Blocks::iterator CpuPool::find_room(size_t bytes) {
  const auto found = by_size_.lower_bound({bytes, nullptr});
  return found != by_size_.end() ? blocks_.find(found->second) : add_segment(bytes);
}

// A segment of its own mapping, aligned so that the system can back it with huge pages.
CpuPool::Blocks::iterator CpuPool::add_segment(size_t bytes) {
  const size_t size = rounded(std::max(bytes, kSegment), kHugePage);
  void* mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    fail("memory",
         "out of memory: {:.1f} MiB asked for while {:.1f} MiB are in use; a smaller batch or a shorter "
         "excerpt needs less",
         static_cast<double>(bytes) / (1 << 20), static_cast<double>(use_.in_use) / (1 << 20));
  auto* start = static_cast<char*>(mapped);
  char* aligned = start + (kHugePage - reinterpret_cast<uintptr_t>(start) % kHugePage) % kHugePage;
  if (aligned > start) munmap(start, static_cast<size_t>(aligned - start));
  munmap(aligned + size, kHugePage - static_cast<size_t>(aligned - start));
  madvise(aligned, size, MADV_HUGEPAGE);
  ASAN_POISON_MEMORY_REGION(aligned, size);
  use_.held += size;
  by_size_.emplace(size, aligned);
  return blocks_.emplace(aligned, Block{size, true, aligned}).first;
}

void CpuPool::release() {
  const std::lock_guard lock(mutex_);
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const auto [address, info] = *block;
    const auto next = std::next(block);
    const bool whole =
        info.free && address == info.segment && (next == blocks_.end() || next->second.segment != info.segment);
    if (whole) {
      ASAN_UNPOISON_MEMORY_REGION(address, info.bytes);
      munmap(address, info.bytes);
      use_.held -= info.bytes;
      by_size_.erase({info.bytes, address});
      blocks_.erase(block);
    }
    block = next;
  }
}

MemoryUse CpuPool::use() {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace unmix
