// MRSTFT: multi-resolution STFT loss with the defaults of auraloss (Steinmetz & Reiss, "auraloss: Audio focused loss
// functions in PyTorch", DMRN 2020).
//   sum_k mean over windows of |S_k - Y_k|_F / |S_k|_F + mean |ln S_k - ln Y_k|, magnitudes above sqrt(1e-8)
//   paper  1/K of it
#include "losses/spectral_terms.h"

namespace unmix {

Var mrstft(Signals& signals, const LossContext& context) {
  return over_sources(multi_resolution(signals, {{1024, 120, 600}, {2048, 240, 1200}, {512, 50, 240}}, 1e-4f, 1.0f),
                      context);
}

}  // namespace unmix
