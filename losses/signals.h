// What a loss sees of one batch: the mixture x, the targets y_k, the network's masks M_k, and everything derived from
// them, computed at most once. Only what comes from the masks builds a graph.
//
//   mixture (batch, channels, samples), targets (sources, batch, channels, samples),
//   masks (sources, frames, batch, channels, bins), spectra with a trailing axis of 2
#pragma once

#include "autograd/loss_ops.h"
#include "layers/stft.h"

namespace unmix {

// What is read beside the masks and the magnitudes. The rest is neither computed nor kept.
struct Needs {
  bool spectra = false;    // phases of the mixture or the targets
  bool waveforms = false;  // of the targets or the estimates
  Needs operator|(const Needs& other) const { return {spectra || other.spectra, waveforms || other.waveforms}; }
};

class Signals {
 public:
  // sample_rate: the waveforms', in Hz. Keeps its handles on the waveforms only where they are needed.
  Signals(const Stft& stft, Tensor mixture, Tensor targets, int sample_rate, Needs needs = {true, true});

  // The network's output; every loss needs it.
  void set_masks(Var masks);

  // After set_masks: finished estimates (sources, batch, channels, samples) and their spectra, in place of what the
  // masks give. The waveforms must have been asked for.
  void set_estimates(const Tensor& estimates);

  // M'_k |X'| of mixtures without stems (sources, frames, batch, channels, bins), for Adversarial; undefined unless
  // set.
  void set_unpaired_estimates(Var estimates) { unpaired_estimates_ = std::move(estimates); }
  const Var& unpaired_estimates() const { return unpaired_estimates_; }

  int64_t sources() const { return sources_; }
  int sample_rate() const { return sample_rate_; }
  const Tensor& mixture() const;
  const Tensor& targets() const;
  const Var& masks() const;

  const Tensor& mixture_magnitude() const { return mixture_magnitude_; }  // |X| (frames, batch, channels, bins)
  const Tensor& target_magnitudes();       // |Y_k| (sources, frames, batch, channels, bins)
  const Tensor& mixture_spectrum() const;  // X
  const Tensor& target_spectra();          // Y_k
  const Tensor& phase_cosines();     // cos(angle X - angle Y_k) = Re(X conj Y_k) / (|X| |Y_k|), 0 where one is silent
  const Tensor& ratio_masks();       // |Y_k| / (sum_j |Y_j| + 1e-18)
  const Tensor& dominant_sources();  // argmax_k |Y_k| as a number, of equal ones the first; (frames, batch, ...)

  const Var& estimate_magnitudes();  // M_k |X|; losses that only compare it use distance() or project() instead
  const Var& estimate_spectra();     // M_k X
  const Var& estimates();            // ISTFT(M_k X) (sources, batch, channels, samples)

 private:
  void analyse_mixture();
  void analyse_targets();

  const Stft& stft_;
  int sample_rate_;
  Needs needs_;
  int64_t sources_ = 0, samples_ = 0;
  Shape mask_shape_;
  Tensor mixture_, targets_;
  Var masks_, unpaired_estimates_, estimate_magnitudes_, estimate_spectra_, estimates_;
  Tensor mixture_magnitude_, target_magnitudes_, mixture_spectrum_, target_spectra_;
  Tensor phase_cosines_, ratio_masks_, dominant_sources_;
};

}  // namespace unmix
