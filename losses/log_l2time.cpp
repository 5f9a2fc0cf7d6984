// LogL2time: squared error of the waveform estimates z_k = ISTFT(M_k X) in decibels (Heitkaemper et al.,
// "Demystifying TasNet: A Dissecting Approach", ICASSP 2020).
#include "losses/terms.h"

namespace unmix {

const LossEntry log_l2time = {
    .name = "LogL2time",
    .domain = "waveform",
    .code = "sum_k 10 log10(mean (z_k - y_k)^2 + eps)",
    .paper = kMeanOverSources,
    .source = "losses/log_l2time.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Var error = distance(waveform_estimate(signals), signals.targets(), Distance::squared);
      return over_sources(decibels(error), context);
    },
};

}  // namespace unmix
