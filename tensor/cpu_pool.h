// The CPU's memory pool: best fit over large segments, neighbours joined again when they come free. A training loop
// asks for the same sizes every step and so touches no fresh page after its first.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "tensor/memory.h"

namespace unmix {

class CpuPool {
 public:
  static CpuPool& instance();

  void* take(size_t bytes);  // 64-byte aligned; throws Error when the system has no more
  void give(void* data);
  void release();  // segments without a live block go back to the system
  MemoryUse use();

 private:
  struct Block {
    size_t bytes;
    bool free;
    char* segment;  // the first address of the segment that it is part of
  };
  using Blocks = std::map<char*, Block>;

  Blocks::iterator find_room(size_t bytes);
  Blocks::iterator add_segment(size_t bytes);
  void mark_free(Blocks::iterator block);

  std::mutex mutex_;
  Blocks blocks_;                               // every byte of every segment, by address
  std::set<std::pair<size_t, char*>> by_size_;  // the free ones
  MemoryUse use_{};
};

}  // namespace unmix
