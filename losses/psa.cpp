// PSA: phase-sensitive spectrum approximation (Erdogan, Hershey, Watanabe, Le Roux, "Phase-Sensitive and
// Recognition-Boosted Speech Separation using Deep Recurrent Neural Networks", ICASSP 2015), targets not clipped.
//   T_k = |Y_k| cos(angle X - angle Y_k)
//   seed  sum_k mean (M_k|X| - T_k)^2     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var psa(Signals& signals, const LossContext& context) {
  const Tensor& cosines = signals.phase_cosines();
  const Var target = Var(signals.target_magnitudes()) * Var(cosines);
  return over_sources(distance(magnitude_estimate(signals), target.value(), Distance::squared), context);
}

}  // namespace unmix
