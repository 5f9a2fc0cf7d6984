// MRSTFT: multi-resolution STFT loss with the defaults of auraloss (Steinmetz & Reiss, "auraloss: Audio focused loss
// functions in PyTorch", DMRN 2020), magnitudes above sqrt(1e-8).
#include "losses/spectral_terms.h"

namespace unmix {

const LossEntry mrstft = {
    .name = "MRSTFT",
    .domain = "spectral",
    .code = "sum_k mean over 3 STFTs of |S_k - Y_k|_F / |S_k|_F + mean |ln S_k - ln Y_k|",
    .paper = kMeanOverSources,
    .source = "losses/mrstft.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(multi_resolution(signals, {{1024, 120, 600}, {2048, 240, 1200}, {512, 50, 240}}, 1e-4f, 1.0f),
                          context);
    },
};

}  // namespace unmix
