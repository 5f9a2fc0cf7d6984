// MRS: multi-resolution spectral loss of the waveform estimates; windows 2048 and 1024, a quarter of it as hop,
// magnitudes above 1e-7.
#include "losses/spectral_terms.h"

namespace unmix {

const LossEntry mrs = {
    .name = "MRS",
    .domain = "spectral",
    .paper = "1/K sum_k mean over 2 STFTs of |S_k - Y_k|_F / |S_k|_F + mean |log10 S_k - log10 Y_k|",
    .source = "losses/mrs.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext&) -> Var {
      constexpr float kLog10 = 0.43429448190325183f;
      return mean(multi_resolution(signals, {{2048, 512, 2048}, {1024, 256, 1024}}, 1e-7f, kLog10));
    },
};

}  // namespace unmix
