// MRS: multi-resolution spectral loss of the waveform estimates; windows 2048 and 1024, a quarter of it as hop.
//   1/K sum_k mean over windows of |S_k - Y_k|_F / |S_k|_F + mean |log10 S_k - log10 Y_k|, magnitudes above 1e-7
#include "losses/spectral_terms.h"

namespace unmix {

Var mrs(Signals& signals, const LossContext&) {
  constexpr float kLog10 = 0.43429448190325183f;
  return mean(multi_resolution(signals, {{2048, 512, 2048}, {1024, 256, 1024}}, 1e-7f, kLog10));
}

}  // namespace unmix
