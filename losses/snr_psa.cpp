// SNRPSA: the noise-to-signal ratio of phase-sensitive estimates, bounded to 20 dB either way. A network trained with
// it is given squared input statistics.
//   T_k = sqrt|Y_k| cos(angle X - angle Y_k), r_k = -10 log10(sum T_k^2 / (sum (M_k|X| - T_k)^2 + eps) + eps)
//   mean_k 20 tanh(r_k / 20)
#include "losses/terms.h"

namespace unmix {

Var snr_psa(Signals& signals, const LossContext&) {
  const Tensor& cosines = signals.phase_cosines();
  const Var target = sqrt(Var(signals.target_magnitudes())) * Var(cosines);
  const Projection p = project(magnitude_estimate(signals), target.value(), Gain::one, false);
  const Var snr = decibels(Var(p.energy) / add_scalar(p.residual, kEps));
  return scale(mean(tanh(scale(snr, -1.0f / 20.0f))), 20.0f);
}

}  // namespace unmix
