// The inverse STFT of frames that come some at a time, as torch.istft gives it for all:
//   x(t) = sum_f w(n) y_f(n) / sum_f w(n)^2,  n = t - f hop + n_fft / 2, zeros where no frame reaches
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace unmix {

class OverlapAdd {
 public:
  OverlapAdd(int64_t n_fft, int64_t hop, Device device);

  // spectrum (frames, channels, bins, 2) -> the samples that no later frame touches, (channels, samples) on the CPU.
  // With the last frames `length` is that of the whole signal, and the rest of it is given.
  Tensor push(const Tensor& spectrum, int64_t length = -1);

 private:
  // One over the sums of the windows' squares.
  Tensor gains_of(int64_t first, int64_t end, int64_t frames, bool last);
  double envelope_at(int64_t sample, int64_t last_frame) const;

  int64_t n_fft_, hop_;
  Tensor window_;               // on the device
  std::vector<float> weights_;  // the window, here
  Tensor tail_;                 // (channels, n_fft - hop): sums that later frames add to
  Tensor midst_gains_;          // of as many frames as came last
  int64_t position_ = 0;        // of the tail, counted from the first sample of the first frame
};

}  // namespace unmix
