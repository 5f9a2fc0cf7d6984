// The two halves of every short-time Fourier transform and of its gradients. Signals are (signals, samples); spectra
// are (frames, signals, bins, 2) with bins = n_fft/2+1; frame f covers samples f*hop - pad ... f*hop - pad + n_fft - 1.
//
//   analysis   S[f, s, k] = g_k sum_n window[n] x(s, f hop - pad + n) exp(-2 pi i k n / n_fft)
//   synthesis  x(s, t) = e[t] sum_f window[n] sum_k' g_k' S[f, s, k'] exp(2 pi i k' n / n_fft), n = t - f hop + pad,
//              k' over the Hermitian extension
//
// STFT is an analysis with reflected edges, its adjoint a synthesis whose edges are folded back; ISTFT is a synthesis
// with e = 1 / (window envelope), its adjoint an analysis of a signal that is zero outside. The gains g tell interior
// bins (which stand for two) from the first and the last.
#pragma once

#include <cstdint>

#include "tensor/device.h"

namespace unmix {

enum class Edge { zero, reflect };  // what lies outside the signal: nothing, or its mirror image

struct StftFrames {
  int64_t n_fft, hop, pad;
  int64_t signals, samples, frames;
  Edge edge;
  float outer_gain = 1.0f, inner_gain = 1.0f;  // g of the first and last bin, g of the others
  int64_t bins() const { return n_fft / 2 + 1; }
};

// What an analysis writes; null: not wanted. The dot product leaves out the spectrum that it is made from.
struct StftOutputs {
  float* spectrum = nullptr;     // (frames, signals, bins, 2)
  float* magnitude = nullptr;    // (frames, signals, bins)
  const float* other = nullptr;  // a spectrum
  float* dot = nullptr;          // (frames, signals, bins): Re(S conj(other)), the gradient of a mask of `other`
};

// The signal is multiplied by `scale` (samples values, null: 1) before it is framed.
void stft_analysis_cpu(const StftFrames& shape, const float* window, const float* scale, const float* signal,
                       const StftOutputs& outputs);
void stft_analysis_cuda(const StftFrames& shape, const float* window, const float* scale, const float* signal,
                        const StftOutputs& outputs);

// Overwrites the signal; `scale` multiplies it at the end (null: 1), `mask` (frames, signals, bins) the spectrum (null:
// 1). With Edge::reflect what falls outside is added to the sample that it mirrors.
void stft_synthesis_cpu(const StftFrames& shape, const float* window, const float* scale, const float* spectrum,
                        const float* mask, float* signal);
void stft_synthesis_cuda(const StftFrames& shape, const float* window, const float* scale, const float* spectrum,
                         const float* mask, float* signal);

inline void stft_analysis(Device device, const StftFrames& shape, const float* window, const float* scale,
                          const float* signal, const StftOutputs& outputs) {
  UNMIX_DISPATCH(device, stft_analysis, shape, window, scale, signal, outputs);
}
inline void stft_synthesis(Device device, const StftFrames& shape, const float* window, const float* scale,
                           const float* spectrum, const float* mask, float* signal) {
  UNMIX_DISPATCH(device, stft_synthesis, shape, window, scale, spectrum, mask, signal);
}

}  // namespace unmix
