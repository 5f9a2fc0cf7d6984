// PSA: phase-sensitive spectrum approximation (Erdogan, Hershey, Watanabe, Le Roux, "Phase-Sensitive and
// Recognition-Boosted Speech Separation using Deep Recurrent Neural Networks", ICASSP 2015), targets not clipped.
#include "losses/terms.h"

namespace unmix {

const LossEntry psa = {
    .name = "PSA",
    .domain = "magnitude",
    .code = "sum_k mean (M_k|X| - |Y_k| cos(angle X - angle Y_k))^2",
    .paper = kMeanOverSources,
    .source = "losses/psa.cpp",
    .needs = {.spectra = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Tensor& cosines = signals.phase_cosines();
      const Var target = Var(signals.target_magnitudes()) * Var(cosines);
      return over_sources(distance(magnitude_estimate(signals), target.value(), Distance::squared), context);
    },
};

}  // namespace unmix
