// BCE_IRM: binary cross entropy (losses/bce.cpp) of the masks as logits against the ideal ratio masks themselves,
// R_k = |Y_k| / (sum_j |Y_j| + 1e-18).
#include "losses/terms.h"

namespace unmix {

const LossEntry bce_irm = {
    .name = "BCE_IRM",
    .domain = "mask",
    .code = "sum_k BCE(logits M_k, R_k)",
    .source = "losses/bce_irm.cpp",
    .compute = [](Signals& signals, const LossContext&) -> Var {
      return sum(binary_cross_entropy(signals.masks(), signals.ratio_masks()));
    },
};

}  // namespace unmix
