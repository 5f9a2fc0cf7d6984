// L2mask: squared error of the masks against the ideal ratio masks R_k = |Y_k| / (sum_j |Y_j| + 1e-18).
#include "losses/terms.h"

namespace unmix {

const LossEntry l2mask = {
    .name = "L2mask",
    .domain = "mask",
    .code = "sum_k mean (M_k - R_k)^2",
    .paper = kMeanOverSources,
    .source = "losses/l2mask.cpp",
    .learning_rate = 1e-4,
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance({signals.masks()}, signals.ratio_masks(), Distance::squared), context);
    },
};

}  // namespace unmix
