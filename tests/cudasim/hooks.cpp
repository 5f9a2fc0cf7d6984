// The functions that -fsanitize=thread makes every access call, defined here in place of that sanitizer's library.
#include <cstddef>
#include <cstdint>

#include "tests/cudasim/device.h"
#include "tests/cudasim/shadow.h"

namespace {

using cudasim::inside_kernel;

inline void hook(const void* address, const void* code, size_t size, bool write, bool vector) {
  if (!inside_kernel) [[likely]]
    return;
  inside_kernel = false;  // what checks is not checked
  cudasim::watch({address, static_cast<const char*>(code) - 1, size, write, vector});
  if (cudasim::tick_waits) [[unlikely]]
    cudasim::stop_if_late();
  inside_kernel = true;
}

}  // namespace

#define HOOK(name, size, write, vector) \
  void __tsan_##name(void* address) { hook(address, __builtin_return_address(0), size, write, vector); }
#define HOOKS(size)                              \
  HOOK(read##size, size, false, true)            \
  HOOK(write##size, size, true, true)            \
  HOOK(unaligned_read##size, size, false, false) \
  HOOK(unaligned_write##size, size, true, false)

// Atomics of the host's code, sequentially consistent whatever was asked for. Kernels have none yet.
#define ATOMIC(bits, type)                                                                                      \
  type __tsan_atomic##bits##_load(const volatile type* a, int) { return __atomic_load_n(a, __ATOMIC_SEQ_CST); } \
  void __tsan_atomic##bits##_store(volatile type* a, type v, int) { __atomic_store_n(a, v, __ATOMIC_SEQ_CST); } \
  UPDATE(bits, type, exchange, exchange_n)                                                                      \
  UPDATE(bits, type, fetch_add, fetch_add)                                                                      \
  UPDATE(bits, type, fetch_sub, fetch_sub)                                                                      \
  UPDATE(bits, type, fetch_and, fetch_and)                                                                      \
  UPDATE(bits, type, fetch_or, fetch_or)                                                                        \
  UPDATE(bits, type, fetch_xor, fetch_xor)                                                                      \
  COMPARE(bits, type, strong)                                                                                   \
  COMPARE(bits, type, weak)
#define UPDATE(bits, type, name, builtin)                            \
  type __tsan_atomic##bits##_##name(volatile type* a, type v, int) { \
    return __atomic_##builtin(a, v, __ATOMIC_SEQ_CST);               \
  }
#define COMPARE(bits, type, kind)                                                                          \
  int __tsan_atomic##bits##_compare_exchange_##kind(volatile type* a, type* expected, type v, int, int) {  \
    return __atomic_compare_exchange_n(a, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ? 1 : 0; \
  }

extern "C" {

void __tsan_init() {}
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __tsan_read_range(void* address, size_t size) { hook(address, __builtin_return_address(0), size, false, false); }
void __tsan_write_range(void* address, size_t size) { hook(address, __builtin_return_address(0), size, true, false); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
