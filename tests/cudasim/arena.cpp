#include "tests/cudasim/arena.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "tests/cudasim/device.h"
#include "tests/cudasim/shadow.h"

namespace cudasim {
namespace {

constexpr size_t kPage = 4096, kAlignment = 256;
constexpr size_t kNotReused = 4;                  // dead allocations of each size that keep their addresses
constexpr size_t kTouched = 10000;                // allocations at a time: the system counts ranges, up to 65530
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

Arena::Arena(const char* name, bool always_open) : name_(name), always_open_(always_open) {
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
Allocation& Arena::promise(size_t bytes, int device) {
  std::byte* pages = take_pages(pages_of(bytes));
  std::byte* end = pages + pages_of(bytes) * kPage;
  Allocation& made = allocations_[pages];
  made = {end - (bytes + kAlignment - 1) / kAlignment * kAlignment, bytes, ++made_, device};
  return made;
}

void Arena::make_alive(Allocation& allocation) {
  allocation.state = Allocation::alive;
  protect(first_page(allocation), length(allocation), PROT_READ | PROT_WRITE);
  std::memset(allocation.data, 0xff, allocation.bytes);
  shadow_fresh(allocation.data, allocation.bytes);
  if (!always_open_) protect(first_page(allocation), length(allocation), PROT_NONE);
}

void Arena::make_dead(Allocation& allocation) {
  allocation.state = Allocation::dead;
  protect(first_page(allocation), length(allocation), PROT_NONE);
  dead_pages_[pages_of(allocation.bytes)].push_back(first_page(allocation));
  dead_bytes_ += length(allocation);
  if (dead_bytes_ > kDeadBytes) give_memory_back();
}

void Arena::give_memory_back() {
  for (const auto& [pages, dead] : dead_pages_)
    for (std::byte* data : dead) madvise(data, pages * kPage, MADV_DONTNEED);
  dead_bytes_ = 0;
}

void Arena::open() { ++opened_; }

void Arena::close() {
  if (--opened_ == 0) close_touched();
}

void Arena::close_touched() {
  for (const auto& [pages, bytes] : touched_) protect(pages, bytes, PROT_NONE);
  touched_.clear();
}

void Arena::work_begins(int device) {
  if (device != worked_) close_touched();
  worked_ = device;
}

bool Arena::touch(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  auto next = allocations_.upper_bound(const_cast<std::byte*>(at));
  if (opened_ == 0 || next == allocations_.begin()) return false;
  const auto& [pages, allocation] = *std::prev(next);
  if (allocation.state != Allocation::alive || at >= pages + length(allocation)) return false;
  if (running_launch() != nullptr && allocation.device != running_device()) return false;
  if (touched_.size() == kTouched) close_touched();
  touched_.emplace_back(pages, length(allocation));
  protect(pages, length(allocation), PROT_READ | PROT_WRITE);
  return true;
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
  const bool elsewhere = running_device() >= 0 && a.device != running_device();
  return fmt::format("{}: {} of allocation {} of {} bytes{}{}", name_, where, a.number, a.bytes, kStates[a.state],
                     elsewhere ? ", on another device" : "");
}

}  // namespace cudasim
