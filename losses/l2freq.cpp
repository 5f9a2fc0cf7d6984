// L2freq: squared error of the magnitude estimates, as Open-Unmix trains with.
#include "losses/terms.h"

namespace unmix {

const LossEntry l2freq = {
    .name = "L2freq",
    .domain = "magnitude",
    .code = "sum_k mean (M_k|X| - |Y_k|)^2",
    .paper = kMeanOverSources,
    .source = "losses/l2freq.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::squared),
                          context);
    },
};

}  // namespace unmix
