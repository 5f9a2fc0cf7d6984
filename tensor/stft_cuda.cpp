// In groups of frames, so that the scratch memory is bounded and mostly stays in the cache between the kernels.
#include "tensor/stft.h"

#include <cmath>

#include "tensor/fft.h"
#include "tensor/launch.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

constexpr int64_t kScratchFloats = int64_t{1} << 24;

// The frames of one group: real rows (frame, signal) of n_fft samples.
int64_t frames_per_group(const StftFrames& shape) {
  const int64_t fitting = kScratchFloats / (shape.signals * shape.n_fft);
  return std::max<int64_t>(1, std::min(fitting, shape.frames));
}

// frames[row, n] = window[n] x(signal, position), rows from first_frame on.
struct LoadFrames {
  StftFrames shape;
  const float *window, *scale, *signal;
  float* frames;
  int64_t first_frame;
  HD void operator()(int64_t i) const {
    const int64_t row = i / shape.n_fft, n = i % shape.n_fft;
    int64_t t = (first_frame + row / shape.signals) * shape.hop - shape.pad + n;
    if (shape.edge == Edge::reflect && t < 0) {
      t = -t;
    } else if (shape.edge == Edge::reflect && t >= shape.samples) {
      t = 2 * (shape.samples - 1) - t;
    }
    float value = 0.0f;
    if (t >= 0 && t < shape.samples) {
      value = window[n] * signal[row % shape.signals * shape.samples + t];
      if (scale != nullptr) value *= scale[t];
    }
    frames[i] = value;
  }
};

// to[row, k] = g_k from[row, k] (which may be the same place) and magnitude[row, k] = |to[row, k]|; null: not wanted.
struct StoreBins {
  const float2* from;
  float2* to;
  float* magnitude;
  int64_t bins;
  float outer_gain, inner_gain;
  HD void operator()(int64_t i) const {
    const int64_t k = i % bins;
    const float gain = k == 0 || k == bins - 1 ? outer_gain : inner_gain;
    const float2 value{from[i].x * gain, from[i].y * gain};
    if (to != nullptr) to[i] = value;
    if (magnitude != nullptr) magnitude[i] = sqrtf(value.x * value.x + value.y * value.y);
  }
};

// Adds the windowed frames first..last-1 to sample i of all signals. One thread gathers all that touches its sample, so
// that the order of the sum is fixed. The first group overwrites.
struct OverlapAdd {
  StftFrames shape;
  const float *window, *scale, *frames;
  float* signal;
  int64_t first, last;

  // The sum over the frames that cover `position`, counted from the start of frame 0.
  HD float sum(int64_t s, int64_t position) const {
    if (position < first * shape.hop) return 0.0f;
    int64_t begin = position < shape.n_fft ? 0 : (position - shape.n_fft) / shape.hop + 1;
    int64_t end = position / shape.hop + 1;
    begin = begin < first ? first : begin;
    end = end > last ? last : end;
    float total = 0.0f;
    for (int64_t f = begin; f < end; ++f) {
      const int64_t n = position - f * shape.hop;
      total += window[n] * frames[((f - first) * shape.signals + s) * shape.n_fft + n];
    }
    return total;
  }

  HD void operator()(int64_t i) const {
    const int64_t s = i / shape.samples, t = i % shape.samples;
    float total = sum(s, t + shape.pad);
    if (shape.edge == Edge::reflect) {
      if (t >= 1) total += sum(s, shape.pad - t);
      if (t <= shape.samples - 2) total += sum(s, 2 * (shape.samples - 1) - t + shape.pad);
    }
    if (scale != nullptr) total *= scale[t];
    if (first == 0) {
      signal[i] = total;
    } else if (total != 0.0f) {
      signal[i] += total;
    }
  }
};

}  // namespace

void stft_analysis_cuda(const StftFrames& shape, const float* window, const float* scale, const float* signal,
                        float* spectrum, float* magnitude) {
  const int64_t group = frames_per_group(shape), bins = shape.bins();
  const auto frames = allocate(group * shape.signals * shape.n_fft, Device::cuda);
  const auto scratch = allocate(spectrum == nullptr ? group * shape.signals * bins * 2 : 0, Device::cuda);
  const bool plain = shape.outer_gain == 1.0f && shape.inner_gain == 1.0f && magnitude == nullptr;
  for (int64_t first = 0; first < shape.frames; first += group) {
    const int64_t rows = std::min(group, shape.frames - first) * shape.signals, offset = first * shape.signals * bins;
    parallel_for(Device::cuda, rows * shape.n_fft, LoadFrames{shape, window, scale, signal, frames.get(), first});
    float* bin_values = spectrum == nullptr ? scratch.get() : spectrum + 2 * offset;
    rfft_cuda({shape.n_fft, rows}, frames.get(), bin_values);
    if (plain) continue;
    auto* values = reinterpret_cast<float2*>(bin_values);
    parallel_for(
        Device::cuda, rows * bins,
        StoreBins{values, spectrum == nullptr ? nullptr : values, magnitude == nullptr ? nullptr : magnitude + offset,
                  bins, shape.outer_gain, shape.inner_gain});
  }
}

void stft_synthesis_cuda(const StftFrames& shape, const float* window, const float* scale, const float* spectrum,
                         float* signal) {
  const int64_t group = frames_per_group(shape), bins = shape.bins();
  const auto frames = allocate(group * shape.signals * shape.n_fft, Device::cuda);
  const auto scratch = allocate(group * shape.signals * bins * 2, Device::cuda);
  const auto* source = reinterpret_cast<const float2*>(spectrum);
  for (int64_t first = 0; first < shape.frames; first += group) {
    const int64_t last = std::min(shape.frames, first + group), rows = (last - first) * shape.signals;
    parallel_for(Device::cuda, rows * bins,
                 StoreBins{source + first * shape.signals * bins, reinterpret_cast<float2*>(scratch.get()), nullptr,
                           bins, shape.outer_gain, shape.inner_gain});
    irfft_cuda({shape.n_fft, rows}, scratch.get(), frames.get());
    parallel_for(Device::cuda, shape.signals * shape.samples,
                 OverlapAdd{shape, window, scale, frames.get(), signal, first, last});
  }
}

}  // namespace unmix
