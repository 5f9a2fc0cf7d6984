// BCE_IRM: binary cross entropy of the masks as logits against the ideal ratio masks themselves, s the sigmoid.
//   R_k = |Y_k| / (sum_j |Y_j| + 1e-18), sum_k mean (-R_k log s(M_k) - (1 - R_k) log(1 - s(M_k)))
#include "losses/terms.h"

namespace unmix {

Var bce_irm(Signals& signals, const LossContext&) {
  return sum(binary_cross_entropy(signals.masks(), signals.ratio_masks()));
}

}  // namespace unmix
