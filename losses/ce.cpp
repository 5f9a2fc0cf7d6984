// CrossEntropy: which source is the loudest of a bin, the masks as the logits of a K-class choice.
#include "losses/terms.h"

namespace unmix {

const LossEntry ce = {
    .name = "CrossEntropy",
    .domain = "mask",
    .code = "mean (log sum_k exp M_k - M_j), j = argmax_k |Y_k|",
    .source = "losses/ce.cpp",
    .compute = [](Signals& signals, const LossContext&) -> Var {
      return cross_entropy(signals.masks(), signals.dominant_sources());
    },
};

}  // namespace unmix
