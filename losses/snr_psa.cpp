// SNRPSA: the noise-to-signal ratio of phase-sensitive estimates, bounded to 20 dB either way.
//   T_k = sqrt|Y_k| cos(angle X - angle Y_k), r_k = -10 log10(sum T_k^2 / (sum (M_k|X| - T_k)^2 + eps) + eps)
#include "losses/terms.h"

namespace unmix {

const LossEntry snr_psa = {
    .name = "SNRPSA",
    .domain = "magnitude",
    .code = "mean_k 20 tanh(r_k / 20), r_k the NSR in dB against sqrt|Y_k| cos(angle X - angle Y_k)",
    .source = "losses/snr_psa.cpp",
    .needs = {.spectra = true},
    .squared_statistics = true,
    .compute = [](Signals& signals, const LossContext&) -> Var {
      const Tensor& cosines = signals.phase_cosines();
      const Var target = sqrt(Var(signals.target_magnitudes())) * Var(cosines);
      const Projection p = project(magnitude_estimate(signals), target.value(), Gain::one, Vectors::rows);
      const Var snr = decibels(Var(p.energy) / add_scalar(p.residual, kEps));
      return scale(mean(tanh(scale(snr, -1.0f / 20.0f))), 20.0f);
    },
};

}  // namespace unmix
