// The multichannel Wiener filter of Open-Unmix (openunmix.filtering.wiener; Nugraha, Liutkus & Vincent, "Multichannel
// music separation with deep neural networks", EUSIPCO 2016; Uhlich et al., ICASSP 2017). From masks m_k and the
// mixture's spectrum X of one window:
//
//   y_k = m_k X, or with soft masks v_k / (eps + sum_j v_j) X, v_k = m_k |X|; the residual X - sum_k y_k is one more y
//
// and then, for each bin and `iterations` times, vectors being the channels of a frame t:
//
//   v_k(t) = mean over channels of |y_k(t)|^2,   R_k = sum_t y_k(t) y_k(t)^H / (eps + sum_t v_k(t))
//   y_k(t) = v_k(t) R_k (sum_j v_j(t) R_j + sqrt(eps) I)^-1 X(t)
//
// of spectra divided by max(1, max |X| / scale_factor), the largest being that of the window.
//
// Open-Unmix sums frames in batches, which bounds its memory and changes no result; it sets bins of X that are exactly
// zero to 1 before it takes the residual, here they stay zero. norbert.wiener is the same filter with `softmask`, eps =
// 2^-23 (for float32; 2^-52 for float64), the whole track as one window and no residual; it adds eps once more to the
// one-channel denominator.
#pragma once

#include "tensor/tensor.h"

namespace unmix {

struct WienerOptions {
  int iterations = 1;  // 0: the initial estimates
  bool softmask = false;
  bool residual = false;
  double eps = 1e-10;
  double scale_factor = 10.0;
};

// masks (K, frames, channels, bins), spectrum (frames, channels, bins, 2) of one window on the same device
// -> estimates (K, frames, channels, bins, 2), with `residual` one more, last. Not differentiable. Iterations take one
// or two channels and up to 8 estimates, the residual included, and throw UsageError for a single one, to which all of
// the mixture would go.
Tensor wiener(const Tensor& masks, const Tensor& spectrum, const WienerOptions& options = {});

}  // namespace unmix
