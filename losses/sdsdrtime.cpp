// SDSDRtime: the smaller of SNR and SD-SDR (Le Roux et al., 2019, eq. 8) of the waveform estimates z_k, per source.
//   SNR_k = 10 log10(|y_k|^2 / (|y_k - z_k|^2 + eps) + eps), G_k the rest of the second term
// It is computed as -mean_k SNR_k + max(0, -mean_k G_k).
#include "losses/terms.h"

namespace unmix {

const LossEntry sdsdrtime = {
    .name = "SDSDRtime",
    .domain = "waveform",
    .paper = "-min(mean_k SNR_k, mean_k (SNR_k + 10 log10((<z_k,y_k> / (|y_k|^2 + eps))^2 + eps)))",
    .source = "losses/sdsdrtime.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext&) -> Var {
      const Projection p = project(waveform_estimate(signals), signals.targets(), Gain::one, Vectors::rows);
      const Var energy(p.energy);
      const Var snr = decibels(energy / add_scalar(p.residual, kEps));
      const Var gain = decibels(square(p.correlation / add_scalar(energy, kEps)));
      return relu(scale(mean(gain), -1.0f)) - mean(snr);
    },
};

}  // namespace unmix
