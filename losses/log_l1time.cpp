// LogL1time: absolute error of the waveform estimates z_k = ISTFT(M_k X) in decibels.
//   seed  sum_k 10 log10(mean |z_k - y_k| + eps)     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var log_l1time(Signals& signals, const LossContext& context) {
  const Var error = distance({signals.estimates(), {}}, signals.targets(), Distance::absolute);
  return over_sources(decibels(error), context);
}

}  // namespace unmix
