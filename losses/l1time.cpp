// L1time: absolute error of the waveform estimates z_k = ISTFT(M_k X).
#include "losses/terms.h"

namespace unmix {

const LossEntry l1time = {
    .name = "L1time",
    .domain = "waveform",
    .code = "sum_k mean |z_k - y_k|",
    .paper = kMeanOverSources,
    .source = "losses/l1time.cpp",
    .learning_rate = 1e-5,
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance(waveform_estimate(signals), signals.targets(), Distance::absolute), context);
    },
};

}  // namespace unmix
