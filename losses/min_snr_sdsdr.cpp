// MinSNRsdsdr: the smaller of SNR and SD-SDR (Le Roux et al., 2019, eq. 8) of the waveform estimates z, as the study's
// code has it: all sources as one vector, and no number where <z,y> < 0.
//   snr = 10 log10(|y|^2 / |y - z|^2 + eps), sd = snr + g, g = 20 log10(<z,y> / |y|^2 + eps)
// It is computed as -snr + max(0, -g).
#include "losses/terms.h"

namespace unmix {

const LossEntry min_snr_sdsdr = {
    .name = "MinSNRsdsdr",
    .domain = "waveform",
    .code = "-min(SNR, SNR + 20 log10(<z,y> / |y|^2 + eps)), all as one vector",
    .source = "losses/min_snr_sdsdr.cpp",
    .needs = {.waveforms = true},
    .when_not_finite = "MinSNRsdsdr has no value where estimates oppose their targets, SDSDRtime has",
    .compute = [](Signals& signals, const LossContext&) -> Var {
      const Projection p = project(waveform_estimate(signals), signals.targets(), Gain::one, Vectors::all);
      const Var energy(p.energy);
      const Var snr = decibels(energy / p.residual), gain = scale(decibels(p.correlation / energy), 2.0f);
      return sum(relu(scale(gain, -1.0f)) - snr);
    },
};

}  // namespace unmix
