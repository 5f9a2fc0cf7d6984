// The iterations of wiener.h, over estimates that they refine in place.
#pragma once

#include "separation/wiener.h"

namespace unmix {

constexpr int kMostRefined = 8;  // sources, the residual included

// y (K, frames, channels, bins, 2), K <= kMostRefined, of the mixture's spectrum (frames, channels, bins, 2) with one
// or two channels. Takes a quarter of y's memory besides.
void refine(Tensor& y, const Tensor& spectrum, const WienerOptions& options);

}  // namespace unmix
