// Short-time Fourier transform and inverse with a periodic Hann window, as torch.stft and torch.istft compute them
// (onesided, not normalised). A window shorter than n_fft is centred in zeros.
#pragma once

#include "autograd/ops.h"

namespace unmix {

// 0.5 - 0.5 cos(2 pi n / length), 0 <= n < length, centred in n_fft values.
Tensor hann_window(int64_t n_fft, int64_t length, Device device = Device::cpu);

// Throws UsageError where n_fft is odd or hop is not in 1..n_fft.
void check_stft_sizes(int64_t n_fft, int64_t hop);

class Stft {
 public:
  // win_length 0: n_fft. Throws where n_fft is odd, hop is not in 1..n_fft or the window is longer than n_fft.
  Stft(int64_t n_fft, int64_t hop, Device device, int64_t win_length = 0, bool center = true);

  int64_t n_fft() const { return options_.n_fft; }
  int64_t hop() const { return options_.hop; }
  int64_t bins() const { return options_.n_fft / 2 + 1; }
  int64_t frames(int64_t samples) const { return stft_frame_count(options_, samples); }

  Var operator()(const Var& x) const { return stft(x, options_); }  // (..., samples) -> (frames, ..., bins, 2)
  Tensor magnitude(const Tensor& x) const { return stft_magnitude(x, options_); }
  // Without a graph, into those of the two that are defined: (frames, ..., bins, 2) and (frames, ..., bins).
  void parts(const Tensor& x, Tensor spectrum, Tensor magnitude) const {
    stft_parts(x, options_, std::move(spectrum), std::move(magnitude));
  }
  // (frames, ..., bins, 2) -> (..., length); length 0: as long as the frames reach.
  Var inverse(const Var& spectrum, int64_t length = 0) const { return istft(spectrum, options_, length); }
  // mask (K, frames, ..., bins) times spectrum (frames, ..., bins, 2) -> (K, ..., length)
  Var inverse(const Var& mask, const Tensor& spectrum, int64_t length) const {
    return masked_istft(mask, spectrum, options_, length);
  }

 private:
  StftOptions options_;
};

}  // namespace unmix
