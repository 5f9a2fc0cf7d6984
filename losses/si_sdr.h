// Scale-invariant signal-to-distortion ratio (Le Roux, Wisdom, Erdogan, Hershey, "SDR - Half-baked or Well Done?",
// ICASSP 2019, eq. 3) as a loss of waveforms or magnitudes.
#pragma once

#include "losses/terms.h"

namespace unmix {

// -10 log10(|a|^2 / (|a - z|^2 + eps) + eps), a = <z,y> y / (|y|^2 + eps), of estimates z and targets y (K, ...):
//   seed  all as one vector     paper  1/K sum over sources
// The eps inside the logarithm keeps silent targets finite; seed's definition has none, which moves no sixth digit.
Var si_sdr(const Estimate& estimate, const Tensor& target, const LossContext& context);

}  // namespace unmix
