#include "layers/stft.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace unmix {

Tensor hann_window(int64_t n_fft, int64_t length, Device device) {
  check(length >= 1 && length <= n_fft, "stft", "a window of {} samples does not fit n_fft {}", length, n_fft);
  std::vector<float> window(static_cast<size_t>(n_fft), 0.0f);
  const int64_t start = (n_fft - length) / 2;
  for (int64_t n = 0; n < length; ++n)
    window[static_cast<size_t>(start + n)] = static_cast<float>(
        0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(length)));
  return Tensor::from(window, {n_fft}, device);
}

void check_stft_sizes(int64_t n_fft, int64_t hop) {
  if (n_fft < 2 || n_fft % 2 != 0) throw UsageError(fmt::format("n_fft {} must be even and at least 2", n_fft));
  if (hop < 1 || hop > n_fft) throw UsageError(fmt::format("hop {} must be between 1 and n_fft {}", hop, n_fft));
}

Stft::Stft(int64_t n_fft, int64_t hop, Device device, int64_t win_length, bool center) {
  check_stft_sizes(n_fft, hop);
  options_ = {n_fft, hop, hann_window(n_fft, win_length == 0 ? n_fft : win_length, device), center};
}

}  // namespace unmix
