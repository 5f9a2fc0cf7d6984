// L1freq: absolute error of the magnitude estimates.
//   seed  sum_k mean |M_k|X| - |Y_k||     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l1freq(Signals& signals, const LossContext& context) {
  return over_sources(distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::absolute), context);
}

}  // namespace unmix
