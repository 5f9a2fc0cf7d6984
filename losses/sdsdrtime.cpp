// SDSDRtime: the smaller of SNR and SD-SDR (Le Roux et al., 2019, eq. 8) of the waveform estimates z_k, per source.
//   SNR_k = 10 log10(|y_k|^2 / (|y_k - z_k|^2 + eps) + eps), G_k = 10 log10((<z_k,y_k> / (|y_k|^2 + eps))^2 + eps)
//   -min(mean_k SNR_k, mean_k (SNR_k + G_k)) = -mean_k SNR_k + max(0, -mean_k G_k)
#include "losses/terms.h"

namespace unmix {

Var sdsdrtime(Signals& signals, const LossContext&) {
  const Projection p = project({signals.estimates(), {}}, signals.targets(), Gain::one, false);
  const Var energy(p.energy);
  const Var snr = decibels(energy / add_scalar(p.residual, kEps));
  const Var gain = decibels(square(p.correlation / add_scalar(energy, kEps)));
  return relu(scale(mean(gain), -1.0f)) - mean(snr);
}

}  // namespace unmix
