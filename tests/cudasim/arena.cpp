#include "tests/cudasim/arena.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "tests/cudasim/shadow.h"

namespace cudasim {
namespace {

constexpr size_t kPage = 4096, kAlignment = 256;
constexpr size_t kNotReused = 4;                  // dead allocations of each size that keep their addresses
constexpr size_t kGuarded = 10000;                // alive allocations: the system counts ranges, up to 65530
constexpr size_t kDeadBytes = size_t{512} << 20;  // of dead pages, before they go back to the system

size_t pages_of(size_t bytes) { return (bytes + kPage - 1) / kPage; }

std::byte* first_page(const Allocation& allocation) {
  return reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(allocation.data) / kPage * kPage);
}

size_t length(const Allocation& allocation) { return pages_of(allocation.bytes) * kPage; }

void protect(std::byte* data, size_t bytes, int protection) {
  if (mprotect(data, bytes, protection) == 0) return;
  std::perror("cudasim: mprotect");
  std::abort();
}

}  // namespace

Arena& device_arena() {
  static auto* arena = new Arena("device memory", false);
  return *arena;
}

Arena& host_arena() {
  static auto* arena = new Arena("page-locked memory", true);
  return *arena;
}

Arena::Arena(const char* name, bool open) : name_(name), opened_(open ? 1 : 0) {
  void* base = mmap(nullptr, kAddresses, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    std::perror("cudasim: mmap");
    std::abort();
  }
  madvise(base, kAddresses, MADV_HUGEPAGE);  // large allocations open and close faster
  base_ = top_ = static_cast<std::byte*>(base);
}

std::byte* Arena::take_pages(size_t pages) {
  auto& dead = dead_pages_[pages];
  if (dead.size() > kNotReused) {
    std::byte* reused = dead.front();
    dead.pop_front();
    dead_bytes_ -= std::min(dead_bytes_, pages * kPage);
    return reused;
  }
  std::byte* fresh = top_;
  top_ += (pages + 1) * kPage;
  if (top_ > base_ + kAddresses) {
    std::fputs("cudasim: the addresses of the simulated device are used up\n", stderr);
    std::abort();
  }
  return fresh;
}

// The end of the allocation, rounded up to the alignment that the API promises, is the end of its last page.
Allocation& Arena::promise(size_t bytes) {
  std::byte* pages = take_pages(pages_of(bytes));
  std::byte* end = pages + pages_of(bytes) * kPage;
  Allocation& made = allocations_[pages];
  made = {end - (bytes + kAlignment - 1) / kAlignment * kAlignment, bytes, ++made_};
  return made;
}

// Of very many allocations the last pages do not fault, so that neighbours are one range to the system.
size_t Arena::accessible(const Allocation& allocation) const {
  return length(allocation) + (alive_.size() > kGuarded ? kPage : 0);
}

void Arena::make_alive(Allocation& allocation) {
  allocation.state = Allocation::alive;
  alive_.insert(first_page(allocation));
  protect(first_page(allocation), accessible(allocation), PROT_READ | PROT_WRITE);
  std::memset(allocation.data, 0xff, allocation.bytes);
  shadow_fresh(allocation.data, allocation.bytes);
  if (opened_ == 0) protect(first_page(allocation), accessible(allocation), PROT_NONE);
}

void Arena::make_dead(Allocation& allocation) {
  allocation.state = Allocation::dead;
  alive_.erase(first_page(allocation));
  protect(first_page(allocation), length(allocation) + kPage, PROT_NONE);
  dead_pages_[pages_of(allocation.bytes)].push_back(first_page(allocation));
  dead_bytes_ += length(allocation);
  if (dead_bytes_ > kDeadBytes) give_memory_back();
}

void Arena::give_memory_back() {
  for (const auto& [pages, dead] : dead_pages_)
    for (std::byte* data : dead) madvise(data, pages * kPage, MADV_DONTNEED);
  dead_bytes_ = 0;
}

void Arena::open() {
  if (opened_++ > 0) return;
  std::byte *begin = base_, *end = base_;  // of neighbours
  for (std::byte* pages : alive_) {
    if (pages != end) {
      if (end != begin) protect(begin, static_cast<size_t>(end - begin), PROT_READ | PROT_WRITE);
      begin = pages;
    }
    end = pages + accessible(allocations_.at(pages));
  }
  if (end != begin) protect(begin, static_cast<size_t>(end - begin), PROT_READ | PROT_WRITE);
}

void Arena::close() {
  if (--opened_ > 0 || top_ == base_) return;
  protect(base_, static_cast<size_t>(top_ - base_), PROT_NONE);
}

bool Arena::holds(const void* address) const { return address >= base_ && address < base_ + kAddresses; }

Allocation* Arena::find(const void* address, size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(address);
  auto next = allocations_.upper_bound(const_cast<std::byte*>(begin));
  if (!holds(address) || next == allocations_.begin()) return nullptr;
  Allocation& found = std::prev(next)->second;
  const bool inside = begin >= found.data && begin + bytes <= found.data + found.bytes;
  return inside ? &found : nullptr;
}

std::string Arena::describe(const void* address) const {
  const auto* at = static_cast<const std::byte*>(address);
  auto next = allocations_.upper_bound(const_cast<std::byte*>(at));
  if (next == allocations_.begin()) return fmt::format("{}, in no allocation", name_);
  const Allocation& a = std::prev(next)->second;
  static constexpr const char* kStates[] = {", which is not made yet in the order of its stream", "",
                                            ", which is freed"};
  const auto offset = at - a.data, size = static_cast<ptrdiff_t>(a.bytes);
  const std::string where = offset < 0       ? fmt::format("{} bytes before the start", -offset)
                            : offset >= size ? fmt::format("{} bytes past the end", offset - size)
                                             : fmt::format("at byte {}", offset);
  return fmt::format("{}: {} of allocation {} of {} bytes{}", name_, where, a.number, a.bytes, kStates[a.state]);
}

}  // namespace cudasim
