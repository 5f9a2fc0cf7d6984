#include "separation/overlap_add.h"

#include <algorithm>

#include "base/error.h"
#include "layers/stft.h"
#include "tensor/launch.h"
#include "tensor/stft.h"

namespace unmix {
namespace {

// The last sums of the frames before go on in the first of these.
struct AddTail {
  const float* tail;
  int64_t overlap, samples;
  float* sums;
  HD void operator()(int64_t channel, int64_t t) const { sums[channel * samples + t] += tail[channel * overlap + t]; }
};

// y(t) = gain(t) sum(first + t)
struct Normalise {
  const float *sums, *gains;
  int64_t samples, first, count;
  float* y;
  HD void operator()(int64_t channel, int64_t t) const {
    y[channel * count + t] = first + t < samples ? sums[channel * samples + first + t] * gains[t] : 0.0f;
  }
};

}  // namespace

OverlapAdd::OverlapAdd(int64_t n_fft, int64_t hop, Device device)
    : n_fft_(n_fft), hop_(hop), window_(hann_window(n_fft, n_fft, device)), weights_(window_.to_vector()) {}

Tensor OverlapAdd::push(const Tensor& spectrum, int64_t length) {
  const Device device = spectrum.device();
  const int64_t frames = spectrum.dim(0), channels = spectrum.dim(1), overlap = n_fft_ - hop_;
  const int64_t samples = frames * hop_ + overlap;
  const float gain = 1.0f / static_cast<float>(n_fft_);
  const StftFrames shape{n_fft_, hop_, 0, channels, samples, frames, Edge::zero, gain, gain};
  Tensor sums = Tensor::empty({channels, samples}, device);
  stft_synthesis(device, shape, window_.data(), nullptr, spectrum.data(), nullptr, sums.data());
  if (tail_.defined()) parallel_for(device, channels, overlap, AddTail{tail_.data(), overlap, samples, sums.data()});
  tail_ = Tensor::empty({channels, overlap}, device);
  for (int64_t c = 0; c < channels; ++c) tail_[c].copy_from(sums[c].rows(frames * hop_, samples));

  const int64_t pad = n_fft_ / 2, complete = length < 0 ? frames * hop_ : pad + length - position_;
  const int64_t first = std::clamp<int64_t>(pad - position_, 0, complete);  // what lies before the signal is left out
  const Tensor gains = gains_of(first, std::min(complete, samples), frames, length >= 0);
  Tensor y = Tensor::empty({channels, complete - first}, device);
  parallel_for(device, channels, complete - first,
               Normalise{sums.data(), gains.data(), samples, first, complete - first, y.data()});
  position_ += frames * hop_;
  return y.to(Device::cpu);
}

// Of the samples first to end since position_. In the midst of the signal they repeat with every hop.
Tensor OverlapAdd::gains_of(int64_t first, int64_t end, int64_t frames, bool last) {
  const bool midst = first == 0 && position_ >= n_fft_ - hop_ && !last;
  if (midst && midst_gains_.defined() && midst_gains_.dim(0) == end) return midst_gains_;
  const int64_t last_frame = position_ / hop_ + frames - 1;
  std::vector<float> gains;
  for (int64_t t = first; t < end; ++t) {
    const double envelope = envelope_at(position_ + t, last_frame);
    check(envelope > 1e-11, "istft", "the windows add up to nothing at sample {}; use a smaller hop",
          position_ + t - n_fft_ / 2);
    gains.push_back(static_cast<float>(1.0 / envelope));
  }
  Tensor result = Tensor::from(gains, {end - first}, window_.device());
  if (midst) midst_gains_ = result;
  return result;
}

double OverlapAdd::envelope_at(int64_t sample, int64_t last_frame) const {
  double envelope = 0.0;
  const int64_t first_frame = sample < n_fft_ ? 0 : (sample - n_fft_) / hop_ + 1;
  for (int64_t f = first_frame; f <= std::min(last_frame, sample / hop_); ++f) {
    const double w = weights_[static_cast<size_t>(sample - f * hop_)];
    envelope += w * w;
  }
  return envelope;
}

}  // namespace unmix
