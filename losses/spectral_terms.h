// Multi-resolution spectral losses of waveforms (Yamamoto, Song, Kim, "Parallel WaveGAN", ICASSP 2020, eq. 3 to 7).
#pragma once

#include <vector>

#include "losses/terms.h"

namespace unmix {

struct Resolution {
  int64_t n_fft, hop, window;
};

// Mean over the resolutions of spectral convergence |S - Y|_F / |S|_F, S the target's and Y the estimate's magnitudes,
// plus `log_weight` times mean |ln S - ln Y|, magnitudes not below `floor`; one value per source.
Var multi_resolution(Signals& signals, const std::vector<Resolution>& resolutions, float floor, float log_weight);

}  // namespace unmix
