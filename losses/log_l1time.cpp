// LogL1time: absolute error of the waveform estimates z_k = ISTFT(M_k X) in decibels.
#include "losses/terms.h"

namespace unmix {

const LossEntry log_l1time = {
    .name = "LogL1time",
    .domain = "waveform",
    .code = "sum_k 10 log10(mean |z_k - y_k| + eps)",
    .paper = kMeanOverSources,
    .source = "losses/log_l1time.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Var error = distance(waveform_estimate(signals), signals.targets(), Distance::absolute);
      return over_sources(decibels(error), context);
    },
};

}  // namespace unmix
