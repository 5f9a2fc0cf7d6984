// L1mask: absolute error of the masks against the ideal ratio masks R_k = |Y_k| / (sum_j |Y_j| + 1e-18).
//   seed  sum_k mean |M_k - R_k|     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l1mask(Signals& signals, const LossContext& context) {
  return over_sources(distance({signals.masks(), {}}, signals.ratio_masks(), Distance::absolute), context);
}

}  // namespace unmix
