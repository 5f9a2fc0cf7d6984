// LogL2freq: squared error of the magnitude estimates in decibels.
#include "losses/terms.h"

namespace unmix {

const LossEntry log_l2freq = {
    .name = "LogL2freq",
    .domain = "magnitude",
    .code = "sum_k 10 log10(mean (M_k|X| - |Y_k|)^2 + eps)",
    .paper = kMeanOverSources,
    .source = "losses/log_l2freq.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Var error = distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::squared);
      return over_sources(decibels(error), context);
    },
};

}  // namespace unmix
