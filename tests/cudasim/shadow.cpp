#include "tests/cudasim/shadow.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "tests/cudasim/device.h"
#include "tests/cudasim/traffic.h"

extern "C" char __executable_start, _end;  // of the program's own image: by the linker

namespace cudasim {
namespace {

constexpr size_t kWord = 4;

// Who touched a word: launch (20 bits), block (22), thread (10), barriers passed before (12); 0: nobody.
using Stamp = uint64_t;
constexpr unsigned kLaunchBits = 20, kBlockBits = 22, kThreadBits = 10, kBarrierBits = 12;

struct Word {
  Stamp write, reads[2];  // reads of two threads: enough to find one that is not the writer's
};

// The launch that read a sector of memory last, and the one that wrote it.
struct Sector {
  uint32_t read, written;
};

// Written bytes, words and sectors of a range of addresses, in memory that is only taken where it is used.
class Shadow {
 public:
  Shadow(const std::byte* base, size_t bytes)
      : base_(base),
        written_(map<bool>(bytes)),
        words_(map<Word>(bytes / kWord * sizeof(Word))),
        sectors_(map<Sector>(bytes / kSector * sizeof(Sector))) {}

  bool* written(const void* at) const { return written_ + offset(at); }
  Word& word(const void* at) const { return words_[offset(at) / kWord]; }
  Sector& sector(const void* at) const { return sectors_[offset(at) / kSector]; }

 private:
  template <class T>
  static T* map(size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) std::perror("cudasim: mmap"), std::abort();
    return static_cast<T*>(memory);
  }
  size_t offset(const void* at) const { return static_cast<size_t>(static_cast<const std::byte*>(at) - base_); }

  const std::byte* base_;
  bool* written_;
  Word* words_;
  Sector* sectors_;
};

Shadow& device_shadow() {
  static auto* shadow = new Shadow(device_arena().base(), Arena::kAddresses);
  return *shadow;
}

Shadow& shared_shadow() {
  static auto* shadow = new Shadow(shared_memory_end() - kMaxShared, kMaxShared);
  return *shadow;
}

uint64_t barriers = 0;
uint32_t launches = 0;
uint64_t moved_bytes = 0;  // in the running block

Stamp stamp_now() {
  const Stamp block = place.block & ((1u << kBlockBits) - 1), barrier = barriers & ((1u << kBarrierBits) - 1);
  const Stamp launch = 1 + launches % ((1u << kLaunchBits) - 1);  // a stamp is never 0
  return (((launch << kBlockBits | block) << kThreadBits | place.thread) << kBarrierBits) | barrier;
}

uint64_t barrier_of(Stamp stamp) { return stamp & ((1u << kBarrierBits) - 1); }
uint64_t thread_of(Stamp stamp) { return stamp >> kBarrierBits & ((1u << kThreadBits) - 1); }
uint64_t block_of(Stamp stamp) { return stamp >> (kBarrierBits + kThreadBits) & ((1u << kBlockBits) - 1); }
uint64_t launch_of(Stamp stamp) { return stamp >> (kBarrierBits + kThreadBits + kBlockBits); }

// Whether no barrier lies between two accesses of different threads.
bool unordered(Stamp a, Stamp b) {
  if (launch_of(a) != launch_of(b) || a == 0) return false;
  return block_of(a) != block_of(b) || (thread_of(a) != thread_of(b) && barrier_of(a) == barrier_of(b));
}

// A later read of the same block takes the place of those before the barrier; of one thread, its own.
void keep_read(Word& word, Stamp now) {
  for (Stamp& read : word.reads) {
    const bool replaces =
        launch_of(read) != launch_of(now) || read == 0 ||
        (block_of(read) == block_of(now) && (thread_of(read) == thread_of(now) || barrier_of(read) != barrier_of(now)));
    if (!replaces) continue;
    read = now;
    return;
  }
}

std::string action(const Access& access) {
  return fmt::format("{}: a {} of {} bytes", source_line(access.code), access.write ? "write" : "read", access.size);
}

[[noreturn]] void refuse(const Access& access, const std::string& problem,
                         cudaError_t error = cudaErrorIllegalAddress) {
  leave_work(error, fmt::format("{} {}", action(access), problem));
}

void find_race(const Access& access, Word& word, const auto& memory) {
  const Stamp now = stamp_now();
  Stamp other = unordered(word.write, now) ? word.write : 0;
  if (access.write)
    for (const Stamp read : word.reads) other = other == 0 && unordered(read, now) ? read : other;
  if (other != 0)
    refuse(access,
           fmt::format("races with a {} of block {}, thread {}, with no barrier between them ({})",
                       other == word.write ? "write" : "read", block_of(other), thread_of(other), memory()),
           cudaErrorLaunchFailure);
  if (access.write) {
    word.write = now;
  } else {
    keep_read(word, now);
  }
}

void check_words(const Access& access, const Shadow& shadow, const auto& describe) {
  const auto* begin = static_cast<const std::byte*>(access.address);
  bool* written = shadow.written(begin);
  if (access.vector && reinterpret_cast<uintptr_t>(begin) % access.size != 0)
    refuse(access, "is not aligned: " + describe(begin), cudaErrorMisalignedAddress);
  if (access.write) {
    std::fill_n(written, access.size, true);
  } else if (!std::all_of(written, written + access.size, [](bool byte) { return byte; })) {
    refuse(access, "of what was never written: " + describe(begin));
  }
  for (size_t i = 0; i < access.size; i += kWord) {
    Word& word = shadow.word(begin + i);
    const Stamp now = stamp_now();
    if (word.write != now || access.write) find_race(access, word, [&] { return describe(begin + i); });
  }
}

// A sector moves when a launch reads or writes it first: what the launch reads again, or has written, is in a cache.
void count_sectors(const Access& access) {
  const auto* begin = static_cast<const std::byte*>(access.address);
  for (const std::byte* at = begin - reinterpret_cast<uintptr_t>(begin) % kSector; at < begin + access.size;
       at += kSector) {
    Sector& sector = device_shadow().sector(at);
    const bool moves = sector.written != launches && (access.write || sector.read != launches);
    if (moves) moved_bytes += kSector;
    (access.write ? sector.written : sector.read) = launches;
  }
}

bool is_constant(const Access& access) {
  return !access.write && access.address >= &__executable_start && access.address < &_end;
}

}  // namespace

void shadow_fresh(const void* data, size_t bytes) {
  if (device_arena().holds(data)) std::fill_n(device_shadow().written(data), bytes, false);
}

void shadow_written(const void* data, size_t bytes) { std::fill_n(device_shadow().written(data), bytes, true); }

void shadow_copied(const void* to, const void* from, size_t bytes) {
  std::memmove(device_shadow().written(to), device_shadow().written(from), bytes);
}

size_t shadow_unwritten(const void* data, size_t bytes) {
  const bool* written = device_shadow().written(data);
  return static_cast<size_t>(std::find(written, written + bytes, false) - written);
}

void shadow_launch() { ++launches; }

void shadow_block() {
  barriers = 0;
  clear_traffic();
  std::byte* begin = shared_memory_end() - kMaxShared;
  std::memset(shared_shadow().written(begin), 0, kMaxShared);
  std::memset(static_cast<void*>(&shared_shadow().word(begin)), 0, kMaxShared / kWord * sizeof(Word));
}

void shadow_barrier() { ++barriers; }

void shadow_block_end() {
  count_traffic();
  kernel_counters(running_launch()->kernel).bytes += static_cast<double>(moved_bytes);
  moved_bytes = 0;
}

void watch(const Access& access) {
  if (is_local(access.address, access.size, access.write)) return;
  if (device_arena().holds(access.address)) {
    const auto describe = [](const void* at) { return device_arena().describe(at); };
    const Allocation* found = device_arena().find(access.address, access.size);
    if (found == nullptr || found->state != Allocation::alive) refuse(access, "touches " + describe(access.address));
    check_words(access, device_shadow(), describe);
    count_sectors(access);
    add_traffic(access, false);
  } else if (const size_t offset = shared_offset(access.address); offset != SIZE_MAX) {
    const size_t begin = kMaxShared - (shared_bytes() + 15) / 16 * 16;
    const auto describe = [&](const void* at) {
      return fmt::format("shared memory, byte {}", shared_offset(at) - begin);
    };
    if (offset < begin || offset - begin + access.size > shared_bytes())
      refuse(access,
             fmt::format("lies outside the {} bytes of shared memory: {}", shared_bytes(), describe(access.address)));
    check_words(access, shared_shadow(), describe);
    add_traffic(access, true);
  } else if (!is_constant(access)) {
    refuse(access, fmt::format("is of the host's memory, {}", access.address));
  }
}

}  // namespace cudasim
