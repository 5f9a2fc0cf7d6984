// L1SNR: the noise-to-signal ratio of absolute values in decibels (Watcharasupat et al., "A Generalized Bandsplit
// Neural Network for Cinematic Audio Source Separation", OJSP 2023); z_k = ISTFT(M_k X).
#include "losses/terms.h"

namespace unmix {

const LossEntry l1snr = {
    .name = "L1SNR",
    .domain = "waveform",
    .code = "sum_k 10 log10((mean |z_k - y_k| + 1e-3) / (mean |y_k| + 1e-3))",
    .paper = kMeanOverSources,
    .source = "losses/l1snr.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      constexpr float kFloor = 1e-3f;
      const Tensor& targets = signals.targets();
      const Tensor silence = Tensor::zeros(signals.mixture().shape(), targets.device());
      const Var level = add_scalar(distance({Var(targets)}, silence, Distance::absolute), kFloor);
      const Var error = distance(waveform_estimate(signals), targets, Distance::absolute);
      return over_sources(decibels(add_scalar(error, kFloor) / level), context);
    },
};

}  // namespace unmix
