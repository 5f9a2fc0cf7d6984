// In groups of frames, so that the scratch memory is bounded and mostly stays in the cache between the kernels.
#include "tensor/stft.h"

#include <cmath>

#include "tensor/fft.h"
#include "tensor/group_limits.h"
#include "tensor/launch.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

// The frames of one group: real rows (frame, signal) of n_fft samples.
int64_t frames_per_group(const StftFrames& shape) {
  const int64_t fitting = group_limits().stft_floats / (shape.signals * shape.n_fft);
  return std::max<int64_t>(1, std::min(fitting, shape.frames));
}

// frames[row, n] = window[n] x(signal, position), rows (frame, signal) from first_frame on.
struct LoadFrames {
  StftFrames shape;
  Divider signals;
  const float *window, *scale, *signal;
  float* frames;
  int64_t first_frame;
  HD void operator()(int64_t row, int64_t n) const {
    const int64_t frame = signals.quotient(row);
    int64_t t = (first_frame + frame) * shape.hop - shape.pad + n;
    if (shape.edge == Edge::reflect && t < 0) {
      t = -t;
    } else if (shape.edge == Edge::reflect && t >= shape.samples) {
      t = 2 * (shape.samples - 1) - t;
    }
    float value = 0.0f;
    if (t >= 0 && t < shape.samples) {
      value = window[n] * signal[(row - frame * shape.signals) * shape.samples + t];
      if (scale != nullptr) value *= scale[t];
    }
    frames[row * shape.n_fft + n] = value;
  }
};

struct Gains {
  int64_t bins;
  float outer, inner;
  explicit Gains(const StftFrames& shape) : bins(shape.bins()), outer(shape.outer_gain), inner(shape.inner_gain) {}
  HD float of(int64_t bin) const { return bin == 0 || bin == bins - 1 ? outer : inner; }
};

// S = g from to the outputs that are wanted; the spectrum may lie where `from` does.
struct StoreBins {
  const float2* from;
  Gains gains;
  float2* spectrum;
  float* magnitude;
  const float2* other;
  float* dot;
  HD void operator()(int64_t row, int64_t bin) const {
    const int64_t i = row * gains.bins + bin;
    const float gain = gains.of(bin);
    const float2 value{from[i].x * gain, from[i].y * gain};
    if (spectrum != nullptr) spectrum[i] = value;
    if (magnitude != nullptr) magnitude[i] = sqrtf(value.x * value.x + value.y * value.y);
    if (dot != nullptr) dot[i] = value.x * other[i].x + value.y * other[i].y;
  }
};

// to = g mask from; a null mask is 1.
struct ScaleBins {
  const float2* from;
  const float* mask;
  Gains gains;
  float2* to;
  HD void operator()(int64_t row, int64_t bin) const {
    const int64_t i = row * gains.bins + bin;
    const float gain = mask == nullptr ? gains.of(bin) : gains.of(bin) * mask[i];
    to[i] = {from[i].x * gain, from[i].y * gain};
  }
};

// Adds the windowed frames first..last-1 to sample i of all signals. One thread gathers all that touches its sample, so
// that the order of the sum is fixed. The first group overwrites.
struct OverlapAdd {
  StftFrames shape;
  Divider hop;
  const float *window, *scale, *frames;
  float* signal;
  int64_t first, last;

  // The sum over the frames that cover `position`, counted from the start of frame 0.
  HD float sum(int64_t s, int64_t position) const {
    if (position < first * shape.hop) return 0.0f;
    int64_t begin = position < shape.n_fft ? 0 : hop.quotient(position - shape.n_fft) + 1;
    int64_t end = hop.quotient(position) + 1;
    begin = begin < first ? first : begin;
    end = end > last ? last : end;
    float total = 0.0f;
    for (int64_t f = begin; f < end; ++f) {
      const int64_t n = position - f * shape.hop;
      total += window[n] * frames[((f - first) * shape.signals + s) * shape.n_fft + n];
    }
    return total;
  }

  HD void operator()(int64_t s, int64_t t) const {
    const int64_t i = s * shape.samples + t;
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
                        const StftOutputs& out) {
  const int64_t group = frames_per_group(shape), bins = shape.bins();
  const auto frames = allocate(group * shape.signals * shape.n_fft, Device::cuda);
  const auto scratch = allocate(out.spectrum == nullptr ? group * shape.signals * bins * 2 : 0, Device::cuda);
  const bool plain =
      shape.outer_gain == 1.0f && shape.inner_gain == 1.0f && out.magnitude == nullptr && out.dot == nullptr;
  for (int64_t first = 0; first < shape.frames; first += group) {
    const int64_t rows = std::min(group, shape.frames - first) * shape.signals, offset = first * shape.signals * bins;
    parallel_for(Device::cuda, rows, shape.n_fft,
                 LoadFrames{shape, Divider(shape.signals), window, scale, signal, frames.get(), first});
    float* bin_values = out.spectrum == nullptr ? scratch.get() : out.spectrum + 2 * offset;
    rfft_cuda({shape.n_fft, rows}, frames.get(), bin_values);
    if (plain) continue;
    auto* values = reinterpret_cast<float2*>(bin_values);
    parallel_for(Device::cuda, rows, bins,
                 StoreBins{values, Gains(shape), out.spectrum == nullptr ? nullptr : values,
                           out.magnitude == nullptr ? nullptr : out.magnitude + offset,
                           out.other == nullptr ? nullptr : reinterpret_cast<const float2*>(out.other) + offset,
                           out.dot == nullptr ? nullptr : out.dot + offset});
  }
}

void stft_synthesis_cuda(const StftFrames& shape, const float* window, const float* scale, const float* spectrum,
                         const float* mask, float* signal) {
  const int64_t group = frames_per_group(shape), bins = shape.bins();
  const auto frames = allocate(group * shape.signals * shape.n_fft, Device::cuda);
  const auto scratch = allocate(group * shape.signals * bins * 2, Device::cuda);
  const auto* source = reinterpret_cast<const float2*>(spectrum);
  for (int64_t first = 0; first < shape.frames; first += group) {
    const int64_t last = std::min(shape.frames, first + group), rows = (last - first) * shape.signals;
    parallel_for(Device::cuda, rows, bins,
                 ScaleBins{source + first * shape.signals * bins,
                           mask == nullptr ? nullptr : mask + first * shape.signals * bins, Gains(shape),
                           reinterpret_cast<float2*>(scratch.get())});
    irfft_cuda({shape.n_fft, rows}, scratch.get(), frames.get());
    parallel_for(Device::cuda, shape.signals, shape.samples,
                 OverlapAdd{shape, Divider(shape.hop), window, scale, frames.get(), signal, first, last});
  }
}

}  // namespace unmix
