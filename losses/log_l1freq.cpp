// LogL1freq: absolute error of the magnitude estimates in decibels.
#include "losses/terms.h"

namespace unmix {

const LossEntry log_l1freq = {
    .name = "LogL1freq",
    .domain = "magnitude",
    .code = "sum_k 10 log10(mean |M_k|X| - |Y_k|| + eps)",
    .paper = kMeanOverSources,
    .source = "losses/log_l1freq.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Var error = distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::absolute);
      return over_sources(decibels(error), context);
    },
};

}  // namespace unmix
