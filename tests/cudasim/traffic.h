// Counts what the kernels of the instrumented build move, by warp and instruction. A warp's lanes run one after the
// other, so the accesses of one instruction are brought together by how often each lane has come to it.
#pragma once

#include "tests/cudasim/shadow.h"

namespace cudasim {

constexpr uintptr_t kSector = 32;  // bytes in which memory moves

void add_traffic(const Access& access, bool shared);
void clear_traffic();  // at the start of a block
void count_traffic();  // into the kernel's counters, at its end

}  // namespace cudasim
