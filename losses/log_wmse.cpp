// LogWMSE: squared error over the mixture's mean square, in nepers; the frequency weighting of torch-log-wmse is
// bypassed. The outer mean is over sources, batch and channels; z_k = ISTFT(M_k X).
#include "losses/terms.h"

namespace unmix {

const LossEntry log_wmse = {
    .name = "LogWMSE",
    .domain = "waveform",
    .code = "mean 4 ln(mean (z_k - y_k)^2 / mean x^2 + 1e-8)",
    .source = "losses/log_wmse.cpp",
    .needs = {.waveforms = true},
    .compute = [](Signals& signals, const LossContext&) -> Var {
      const Shape shape = signals.targets().shape();  // (sources, batch, channels, samples)
      const int64_t signals_of_source = shape[1] * shape[2], rows = shape[0] * signals_of_source, samples = shape[3];
      const Tensor mixture = signals.mixture().reshape({signals_of_source, samples});
      const Tensor silence = Tensor::zeros({samples}, mixture.device());
      const Var power = clamp_min(distance({Var(mixture)}, silence, Distance::squared), 1e-16f);
      const Var error = distance({reshape(signals.estimates(), {rows, samples})},
                                 signals.targets().reshape({rows, samples}), Distance::squared);
      const Var ratio = reshape(error, {shape[0], signals_of_source}) / power;
      return scale(mean(log(add_scalar(ratio, 1e-8f))), 4.0f);
    },
};

}  // namespace unmix
