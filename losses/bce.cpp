// BinaryCrossEntropy: per source, whether it is the loudest of a bin; the masks are logits, s the sigmoid.
//   b_k = [k = argmax_j |Y_j|], sum_k mean (-b_k log s(M_k) - (1 - b_k) log(1 - s(M_k)))
#include "losses/ideal_masks.h"
#include "losses/terms.h"

namespace unmix {

Var bce(Signals& signals, const LossContext&) {
  return sum(binary_cross_entropy(signals.masks(), one_hot(signals.dominant_sources(), signals.sources())));
}

}  // namespace unmix
