// L2freq: squared error of the magnitude estimates, as Open-Unmix trains with.
//   seed  sum_k mean (M_k|X| - |Y_k|)^2     paper  1/K of it
// masks and |Y| (K, frames, batch, channels, bins), |X| (frames, batch, channels, bins).
#include "losses/l2freq.h"

namespace unmix {

Var l2freq(Signals& signals, Variant variant) {
  const Var per_source = masked_distance(signals.masks(), signals.mixture_magnitude(), signals.target_magnitudes(),
                                         Distance::squared);
  return variant == Variant::seed ? sum(per_source) : mean(per_source);
}

}  // namespace unmix
