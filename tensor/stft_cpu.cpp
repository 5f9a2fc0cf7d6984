// Frame by frame through the cache: no tensor of frames exists.
#include <algorithm>
#include <cmath>

#include "base/signals.h"
#include "tensor/fftw.h"
#include "tensor/memory.h"
#include "tensor/stft.h"

namespace unmix {
namespace {

// The sample that position t stands for, or -1 for none.
int64_t source_index(int64_t t, int64_t samples, Edge edge) {
  if (t >= 0 && t < samples) return t;
  if (edge == Edge::zero) return -1;
  const int64_t mirrored = t < 0 ? -t : 2 * (samples - 1) - t;
  return mirrored >= 0 && mirrored < samples ? mirrored : -1;
}

void load_frame(const StftFrames& shape, const float* window, const float* scale, const float* signal, int64_t start,
                float* frame) {
  const bool inside = start >= 0 && start + shape.n_fft <= shape.samples;
  if (inside && scale == nullptr) {
    for (int64_t n = 0; n < shape.n_fft; ++n) frame[n] = window[n] * signal[start + n];
    return;
  }
  for (int64_t n = 0; n < shape.n_fft; ++n) {
    const int64_t t = source_index(start + n, shape.samples, shape.edge);
    frame[n] = t < 0 ? 0.0f : window[n] * signal[t] * (scale == nullptr ? 1.0f : scale[t]);
  }
}

// to[k] = g_k mask[k] from[k]; a null mask is 1.
void apply_gains(const StftFrames& shape, const float* from, const float* mask, float* to) {
  const int64_t last = shape.bins() - 1;
  const auto bin = [&](int64_t k, float gain) {
    to[2 * k] = gain * from[2 * k];
    to[2 * k + 1] = gain * from[2 * k + 1];
  };
  bin(0, mask == nullptr ? shape.outer_gain : shape.outer_gain * mask[0]);
  bin(last, mask == nullptr ? shape.outer_gain : shape.outer_gain * mask[last]);
  if (mask == nullptr)
    for (int64_t k = 1; k < last; ++k) bin(k, shape.inner_gain);
  else
    for (int64_t k = 1; k < last; ++k) bin(k, shape.inner_gain * mask[k]);
}

// A row of what an analysis gives.
void store_bins(const StftOutputs& out, int64_t row, int64_t bins, const float* bin) {
  const int64_t at = row * bins;
  if (out.spectrum != nullptr) std::copy_n(bin, 2 * bins, out.spectrum + 2 * at);
  if (out.magnitude != nullptr)
    for (int64_t k = 0; k < bins; ++k)
      out.magnitude[at + k] = std::sqrt(bin[2 * k] * bin[2 * k] + bin[2 * k + 1] * bin[2 * k + 1]);
  if (out.dot != nullptr) {
    const float* other = out.other + 2 * at;
    for (int64_t k = 0; k < bins; ++k) out.dot[at + k] = bin[2 * k] * other[2 * k] + bin[2 * k + 1] * other[2 * k + 1];
  }
}

// Overlap-adds the frames that touch positions begin..end (counted from the start of the padded signal).
void add_frames(const StftFrames& shape, const FftwPlans& plans, const float* window, const float* spectrum,
                const float* mask, int64_t signal, int64_t begin, int64_t end, FftwBuffers& buffers, float* out) {
  std::fill(out + begin, out + end, 0.0f);
  const int64_t bins = shape.bins();
  const int64_t first = std::max<int64_t>(0, (begin - shape.n_fft) / shape.hop);
  for (int64_t f = first; f < shape.frames && f * shape.hop < end; ++f) {
    const int64_t start = f * shape.hop;
    const int64_t from = std::max(begin, start), to = std::min(end, start + shape.n_fft);
    if (from >= to) continue;
    const int64_t at = (f * shape.signals + signal) * bins;
    apply_gains(shape, spectrum + 2 * at, mask == nullptr ? nullptr : mask + at, buffers.spectrum());
    fftwf_execute_dft_c2r(plans.backward, buffers.complex(), buffers.real());
    const float* frame = buffers.real();
    for (int64_t t = from; t < to; ++t) out[t] += window[t - start] * frame[t - start];
  }
}

// Position t of the signal and, with reflected edges, the positions outside that mirror it.
float fold(const StftFrames& shape, const float* padded, int64_t t) {
  float sum = padded[t + shape.pad];
  if (shape.edge == Edge::zero) return sum;
  if (t >= 1 && t <= shape.pad) sum += padded[shape.pad - t];
  const int64_t right = 2 * (shape.samples - 1) - t;
  if (right >= shape.samples && right < shape.samples + shape.pad) sum += padded[right + shape.pad];
  return sum;
}

}  // namespace

void stft_analysis_cpu(const StftFrames& shape, const float* window, const float* scale, const float* signal,
                       const StftOutputs& outputs) {
  const FftwPlans& plans = fftw_plans(shape.n_fft);
  const SignalsBlocked scope;
#pragma omp parallel
  {
    FftwBuffers buffers(shape.n_fft);
#pragma omp for schedule(static)
    for (int64_t row = 0; row < shape.frames * shape.signals; ++row) {
      const int64_t frame = row / shape.signals, s = row % shape.signals;
      load_frame(shape, window, scale, signal + s * shape.samples, frame * shape.hop - shape.pad, buffers.real());
      fftwf_execute_dft_r2c(plans.forward, buffers.real(), buffers.complex());
      apply_gains(shape, buffers.spectrum(), nullptr, buffers.spectrum());
      store_bins(outputs, row, shape.bins(), buffers.spectrum());
    }
  }
}

void stft_synthesis_cpu(const StftFrames& shape, const float* window, const float* scale, const float* spectrum,
                        const float* mask, float* signal) {
  const FftwPlans& plans = fftw_plans(shape.n_fft);
  const int64_t padded = shape.samples + 2 * shape.pad;
  const int64_t segment = 64 * shape.hop;  // one task's share of a signal; its neighbours' frames are computed twice
  const int64_t segments = (padded + segment - 1) / segment;
  const auto buffer = allocate(shape.signals * padded, Device::cpu);
  const SignalsBlocked scope;
#pragma omp parallel
  {
    FftwBuffers buffers(shape.n_fft);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < shape.signals * segments; ++task) {
      const int64_t s = task / segments, begin = task % segments * segment;
      add_frames(shape, plans, window, spectrum, mask, s, begin, std::min(padded, begin + segment), buffers,
                 buffer.get() + s * padded);
    }
#pragma omp for schedule(static)
    for (int64_t s = 0; s < shape.signals; ++s) {
      const float* sums = buffer.get() + s * padded;
      for (int64_t t = 0; t < shape.samples; ++t)
        signal[s * shape.samples + t] = fold(shape, sums, t) * (scale == nullptr ? 1.0f : scale[t]);
    }
  }
}

}  // namespace unmix
