// L2freq: squared error of the magnitude estimates, as Open-Unmix trains with.
//   seed  sum_k mean (M_k|X| - |Y_k|)^2     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l2freq(Signals& signals, const LossContext& context) {
  return over_sources(distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::squared), context);
}

}  // namespace unmix
