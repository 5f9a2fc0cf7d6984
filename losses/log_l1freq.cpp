// LogL1freq: absolute error of the magnitude estimates in decibels.
//   seed  sum_k 10 log10(mean |M_k|X| - |Y_k|| + eps)     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var log_l1freq(Signals& signals, const LossContext& context) {
  const Var error = distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::absolute);
  return over_sources(decibels(error), context);
}

}  // namespace unmix
