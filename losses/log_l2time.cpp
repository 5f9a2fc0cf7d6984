// LogL2time: squared error of the waveform estimates z_k = ISTFT(M_k X) in decibels (Heitkaemper et al., "Demystifying
// TasNet: A Dissecting Approach", ICASSP 2020).
//   seed  sum_k 10 log10(mean (z_k - y_k)^2 + eps)     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var log_l2time(Signals& signals, const LossContext& context) {
  const Var error = distance({signals.estimates(), {}}, signals.targets(), Distance::squared);
  return over_sources(decibels(error), context);
}

}  // namespace unmix
