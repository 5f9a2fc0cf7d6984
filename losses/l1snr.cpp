// L1SNR: the noise-to-signal ratio of absolute values in decibels (Watcharasupat et al., "A Generalized Bandsplit
// Neural Network for Cinematic Audio Source Separation", OJSP 2023); z_k = ISTFT(M_k X).
//   sum_k 10 log10((mean |z_k - y_k| + 1e-3) / (mean |y_k| + 1e-3))     paper  1/K of it
#include "losses/terms.h"

namespace unmix {

Var l1snr(Signals& signals, const LossContext& context) {
  constexpr float kFloor = 1e-3f;
  const Tensor& targets = signals.targets();
  const Tensor silence = Tensor::zeros(signals.mixture().shape(), targets.device());
  const Var level = add_scalar(distance({Var(targets), {}}, silence, Distance::absolute), kFloor);
  const Var error = distance({signals.estimates(), {}}, targets, Distance::absolute);
  return over_sources(decibels(add_scalar(error, kFloor) / level), context);
}

}  // namespace unmix
