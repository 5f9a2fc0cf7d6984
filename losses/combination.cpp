// Combination: the sum of three losses of magnitudes.
#include "losses/losses.h"

namespace unmix {

const LossEntry combination = {
    .name = "Combination",
    .domain = "magnitude",
    .code = "L2freq + SISDRfreq + LogL1freq",
    .paper = "the sum of their paper forms",
    .source = "losses/combination.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return l2freq(signals, context) + sisdrfreq(signals, context) + log_l1freq(signals, context);
    },
};

}  // namespace unmix
