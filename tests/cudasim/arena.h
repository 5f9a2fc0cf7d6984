// A reserved range of addresses from which allocations are made, each in pages of its own that end in a page that
// faults. An allocation is promised (its address is known), alive, then dead; only what is alive can be touched,
// and only while the arena is open. The addresses of the dead are not given out again soon.
//
// An open arena's pages still fault when they are first touched, and `touch` lets them be: opening all that is alive
// for each of many thousand runs would cost more system calls than the runs cost time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cudasim {

struct Allocation {
  enum State { promised, alive, dead };
  std::byte* data;
  size_t bytes;
  uint64_t number;  // counted from 1
  int device;       // whose work may touch it
  State state = promised;
  bool freed = false;  // at the API; dies when the stream comes to it
  int pending = 0;     // queued copies that use it
};

class Arena {
 public:
  static constexpr size_t kAddresses = size_t{1} << 38;

  Arena(const char* name, bool always_open);

  Allocation& promise(size_t bytes, int device = 0);
  void make_alive(Allocation& allocation);  // accessible, filled with NaNs
  void make_dead(Allocation& allocation);

  void open();  // calls nest
  void close();
  // After a fault: whether the address may be touched, as it now can be; by a kernel only on its own device.
  bool touch(const void* address);
  void work_begins(int device);

  bool holds(const void* address) const;                // whether it is an address of this arena
  Allocation* find(const void* address, size_t bytes);  // the allocation that the whole range lies in, or null
  std::string describe(const void* address) const;      // the nearest allocation, and where in it the address lies
  const std::map<std::byte*, Allocation>& allocations() const { return allocations_; }
  std::byte* base() const { return base_; }

 private:
  std::byte* take_pages(size_t pages);
  void close_touched();
  void give_memory_back();

  const char* name_;
  const bool always_open_;
  std::byte *base_, *top_;
  int opened_ = 0, worked_ = 0;                         // the device of the last work
  std::vector<std::pair<std::byte*, size_t>> touched_;  // pages and bytes that can be touched until the arena closes
  uint64_t made_ = 0;
  size_t dead_bytes_ = 0;                                // whose pages are still held
  std::map<std::byte*, Allocation> allocations_;         // by the first of their pages
  std::map<size_t, std::deque<std::byte*>> dead_pages_;  // by number of pages, in the order of their death
};

Arena& device_arena();
Arena& host_arena();  // page-locked memory: always open

}  // namespace cudasim
