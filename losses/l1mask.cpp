// L1mask: absolute error of the masks against the ideal ratio masks R_k.
#include "losses/terms.h"

namespace unmix {

const LossEntry l1mask = {
    .name = "L1mask",
    .domain = "mask",
    .code = "sum_k mean |M_k - R_k|, R_k = |Y_k| / (sum_j |Y_j| + 1e-18)",
    .paper = kMeanOverSources,
    .source = "losses/l1mask.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance({signals.masks()}, signals.ratio_masks(), Distance::absolute), context);
    },
};

}  // namespace unmix
