// L1freq: absolute error of the magnitude estimates.
#include "losses/terms.h"

namespace unmix {

const LossEntry l1freq = {
    .name = "L1freq",
    .domain = "magnitude",
    .code = "sum_k mean |M_k|X| - |Y_k||",
    .paper = kMeanOverSources,
    .source = "losses/l1freq.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::absolute),
                          context);
    },
};

}  // namespace unmix
