// How much of a long job one call of a library, one kernel or one copy takes; what is longer goes in groups, one after
// another. The values suit the hardware; tests lower them, so that small inputs come in several groups.
#pragma once

#include <cstdint>

namespace unmix {

struct GroupLimits {
  int64_t stft_floats = int64_t{1} << 24;    // of the frames that exist at a time in an STFT on CUDA
  int64_t fft_values = int64_t{1} << 26;     // of a call of cuFFT, which counts in int
  int64_t lstm_steps = 65535;                // of a call of cuDNN, which counts time steps in 16 bits
  int64_t kernel_blocks = int64_t{1} << 20;  // of a pointwise kernel, whose threads take several elements beyond
  int64_t pinned_bytes = int64_t{1} << 30;   // of page-locked blocks, beyond which a copy waits for an earlier one
};

// Those of the calling thread.
inline GroupLimits& group_limits() {
  thread_local GroupLimits limits;
  return limits;
}

}  // namespace unmix
