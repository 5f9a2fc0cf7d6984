// LogL2freq: squared error of the magnitude estimates in decibels.
//   seed  sum_k 10 log10(mean (M_k|X| - |Y_k|)^2 + eps)     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var log_l2freq(Signals& signals, const LossContext& context) {
  const Var error = distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::squared);
  return over_sources(decibels(error), context);
}

}  // namespace unmix
