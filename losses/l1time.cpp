// L1time: absolute error of the waveform estimates z_k = ISTFT(M_k X).
//   seed  sum_k mean |z_k - y_k|     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l1time(Signals& signals, const LossContext& context) {
  return over_sources(distance({signals.estimates(), {}}, signals.targets(), Distance::absolute), context);
}

}  // namespace unmix
