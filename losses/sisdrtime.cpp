// SISDRtime: si_sdr (losses/si_sdr.h) of the waveform estimates z_k = ISTFT(M_k X).
#include "losses/si_sdr.h"

namespace unmix {

const LossEntry sisdrtime = {
    .name = "SISDRtime",
    .domain = "waveform",
    .code = "-10 log10(|a|^2 / (|a - z|^2 + eps) + eps), a = <z,y> y / (|y|^2 + eps), all as one vector",
    .paper = kMeanOverSources,
    .source = "losses/sisdrtime.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return si_sdr(waveform_estimate(signals), signals.targets(), context);
    },
};

}  // namespace unmix
