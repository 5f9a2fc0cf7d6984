// ComplexL1: absolute error of real and imaginary parts and of waveforms (Luo & Yu, "Music Source Separation with
// Band-Split RNN", TASLP 2023, eq. 6); z_k = ISTFT(M_k X).
#include "losses/terms.h"

namespace unmix {

const LossEntry complex_l1 = {
    .name = "ComplexL1",
    .domain = "complex",
    .code = "sum_k mean |Re(M_k X - Y_k)| + mean |Im(M_k X - Y_k)| + mean |z_k - y_k|",
    .paper = kMeanOverSources,
    .source = "losses/complex_l1.cpp",
    .needs = {.spectra = true, .waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Var parts = distance({signals.estimate_spectra()}, signals.target_spectra(), Distance::absolute);
      const Var waveforms = distance(waveform_estimate(signals), signals.targets(), Distance::absolute);
      return over_sources(scale(parts, 2.0f) + waveforms, context);  // `parts` is a mean over real and imaginary values
    },
};

}  // namespace unmix
