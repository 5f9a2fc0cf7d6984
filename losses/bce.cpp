// BinaryCrossEntropy: per source, whether it is the loudest of a bin; the masks are logits, s the sigmoid.
//   BCE(M_k, b_k) = mean (-b_k log s(M_k) - (1 - b_k) log(1 - s(M_k)))
#include "losses/ideal_masks.h"
#include "losses/terms.h"

namespace unmix {

const LossEntry bce = {
    .name = "BinaryCrossEntropy",
    .domain = "mask",
    .code = "sum_k BCE(logits M_k, [k = argmax_j |Y_j|])",
    .source = "losses/bce.cpp",
    .compute = [](Signals& signals, const LossContext&) -> Var {
      return sum(binary_cross_entropy(signals.masks(), one_hot(signals.dominant_sources(), signals.sources())));
    },
};

}  // namespace unmix
