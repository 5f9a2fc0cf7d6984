// What a loss sees of one batch: the mixture x, the targets y_k, the network's masks, and everything derived from them,
// computed at most once. Targets never build a graph.
//
//   mixture (batch, channels, samples), targets (sources, batch, channels, samples),
//   masks (sources, frames, batch, channels, bins)
#pragma once

#include "autograd/ops.h"
#include "layers/stft.h"

namespace unmix {

class Signals {
 public:
  Signals(const Stft& stft, Tensor mixture, Tensor targets);

  // The network's output, which needs mixture_magnitude() first; every loss needs it.
  void set_masks(Var masks);

  // Computes the magnitudes and gives the waveforms' memory back: mixture() and targets() are gone.
  void keep_magnitudes_only();

  int64_t sources() const { return sources_; }
  const Tensor& mixture() const;
  const Tensor& targets() const;
  const Var& masks() const;
  const Tensor& mixture_magnitude();   // |X| (frames, batch, channels, bins)
  const Tensor& target_magnitudes();   // |Y_k| (sources, frames, batch, channels, bins)

 private:
  const Stft& stft_;
  int64_t sources_;
  Shape mask_shape_;
  Tensor mixture_, targets_;
  Var masks_;
  Tensor mixture_magnitude_, target_magnitudes_;
};

}  // namespace unmix
