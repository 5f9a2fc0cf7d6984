#include "losses/spectral_terms.h"

namespace unmix {

Var multi_resolution(Signals& signals, const std::vector<Resolution>& resolutions, float floor, float log_weight) {
  const Var& estimates = signals.estimates();
  Var total;
  for (const Resolution& r : resolutions) {
    const Stft stft(r.n_fft, r.hop, estimates.device(), r.window);
    const SpectralDistances d = spectral_distances(stft(estimates), stft.magnitude(signals.targets()), floor);
    const Var terms = sqrt(d.squared) / sqrt(Var(d.energy)) + scale(d.logarithmic, log_weight);
    add_term(total, terms);
  }
  return scale(total, 1.0f / static_cast<float>(resolutions.size()));
}

}  // namespace unmix
