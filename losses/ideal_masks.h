// What the spectra of known targets say about the best mask; none of it builds a graph.
#pragma once

#include "tensor/tensor.h"

namespace unmix {

// |Y_k| / (sum_j |Y_j| + 1e-18), of magnitudes (sources, ...); in the same shape.
Tensor ratio_masks(const Tensor& magnitudes);

// The number of the source with the largest magnitude, of equal ones the first: (sources, ...) -> (...).
Tensor dominant_sources(const Tensor& magnitudes);

// Of numbers (...) the masks (sources, ...) that are 1 for that source and 0 for the others.
Tensor one_hot(const Tensor& numbers, int64_t sources);

// cos(angle X - angle Y_k) = Re(X conj Y_k) / (|X| |Y_k|) without an angle, 0 where either is silent: mixture (..., 2),
// targets (sources, ..., 2) -> (sources, ...).
Tensor phase_cosines(const Tensor& mixture, const Tensor& targets);

}  // namespace unmix
