// L2time: squared error of the waveform estimates z_k = ISTFT(M_k X).
//   seed  sum_k mean (z_k - y_k)^2     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l2time(Signals& signals, const LossContext& context) {
  return over_sources(distance({signals.estimates(), {}}, signals.targets(), Distance::squared), context);
}

}  // namespace unmix
