// L2time: squared error of the waveform estimates z_k = ISTFT(M_k X).
#include "losses/terms.h"

namespace unmix {

const LossEntry l2time = {
    .name = "L2time",
    .domain = "waveform",
    .code = "sum_k mean (z_k - y_k)^2",
    .paper = kMeanOverSources,
    .source = "losses/l2time.cpp",
    .learning_rate = 1e-5,
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      return over_sources(distance(waveform_estimate(signals), signals.targets(), Distance::squared), context);
    },
};

}  // namespace unmix
