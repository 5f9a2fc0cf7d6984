#include "losses/signals.h"

#include "base/error.h"
#include "losses/ideal_masks.h"

namespace unmix {

Signals::Signals(const Stft& stft, Tensor mixture, Tensor targets, int sample_rate, Needs needs)
    : stft_(stft), sample_rate_(sample_rate), needs_(needs) {
  check(sample_rate > 0, "loss", "the signals' sample rate is {} Hz; a positive one is needed", sample_rate);
  check(mixture.rank() == 3 && targets.rank() == 4 && targets.dim(0) > 0 && targets[0].shape() == mixture.shape(),
        "loss", "mixture {} and targets {} do not fit: give (batch, channels, samples) and (sources, ...) of them",
        to_string(mixture.shape()), to_string(targets.shape()));
  sources_ = targets.dim(0);
  samples_ = mixture.dim(2);
  mask_shape_ = {sources_, stft_.frames(samples_), mixture.dim(0), mixture.dim(1), stft_.bins()};
  mixture_ = std::move(mixture);
  targets_ = std::move(targets);
  analyse_mixture();
  if (needs_.waveforms) return;
  analyse_targets();
  mixture_ = targets_ = Tensor();
}

void Signals::analyse_mixture() {
  Shape bins(mask_shape_.begin() + 1, mask_shape_.end());
  mixture_magnitude_ = Tensor::empty(bins, mixture_.device());
  if (needs_.spectra || needs_.waveforms) {
    bins.push_back(2);
    mixture_spectrum_ = Tensor::empty(bins, mixture_.device());
  }
  stft_.parts(mixture_, mixture_spectrum_, mixture_magnitude_);
}

void Signals::analyse_targets() {
  if (target_magnitudes_.defined()) return;
  target_magnitudes_ = Tensor::empty(mask_shape_, mixture_magnitude_.device());
  if (needs_.spectra) {
    Shape complex = mask_shape_;
    complex.push_back(2);
    target_spectra_ = Tensor::empty(complex, mixture_magnitude_.device());
  }
  for (int64_t k = 0; k < sources_; ++k)
    stft_.parts(targets_[k], needs_.spectra ? target_spectra_[k] : Tensor(), target_magnitudes_[k]);
}

void Signals::set_masks(Var masks) {
  check(masks.shape() == mask_shape_, "loss", "masks {} do not fit the signals: {} is expected",
        to_string(masks.shape()), to_string(mask_shape_));
  masks_ = std::move(masks);
  estimate_magnitudes_ = estimate_spectra_ = estimates_ = Var();
}

void Signals::set_estimates(const Tensor& estimates) {
  check(estimates.shape() == targets().shape(), "loss", "estimates {} do not fit the targets {}",
        to_string(estimates.shape()), to_string(targets().shape()));
  Shape complex = mask_shape_;
  complex.push_back(2);
  Tensor spectra = Tensor::empty(complex, estimates.device());
  for (int64_t k = 0; k < sources_; ++k) stft_.parts(estimates[k], spectra[k], Tensor());
  estimate_spectra_ = Var(spectra);
  estimates_ = Var(estimates);
}

const Var& Signals::masks() const {
  check(masks_.defined(), "loss", "the masks are not set");
  return masks_;
}

const Tensor& Signals::mixture() const {
  check(mixture_.defined(), "loss", "the mixture's waveform was not asked for");
  return mixture_;
}

const Tensor& Signals::targets() const {
  check(targets_.defined(), "loss", "the targets' waveforms were not asked for");
  return targets_;
}

const Tensor& Signals::target_magnitudes() {
  analyse_targets();
  return target_magnitudes_;
}

const Tensor& Signals::mixture_spectrum() const {
  check(mixture_spectrum_.defined(), "loss", "the mixture's spectrum was not asked for");
  return mixture_spectrum_;
}

const Tensor& Signals::target_spectra() {
  check(needs_.spectra, "loss", "the targets' spectra were not asked for");
  analyse_targets();
  return target_spectra_;
}

const Tensor& Signals::phase_cosines() {
  if (!phase_cosines_.defined()) phase_cosines_ = unmix::phase_cosines(mixture_spectrum(), target_spectra());
  return phase_cosines_;
}

const Tensor& Signals::ratio_masks() {
  if (!ratio_masks_.defined()) ratio_masks_ = unmix::ratio_masks(target_magnitudes());
  return ratio_masks_;
}

const Tensor& Signals::dominant_sources() {
  if (!dominant_sources_.defined()) dominant_sources_ = unmix::dominant_sources(target_magnitudes());
  return dominant_sources_;
}

const Var& Signals::estimate_magnitudes() {
  if (!estimate_magnitudes_.defined()) estimate_magnitudes_ = mul(masks(), Var(mixture_magnitude()));
  return estimate_magnitudes_;
}

const Var& Signals::estimate_spectra() {
  if (!estimate_spectra_.defined()) estimate_spectra_ = apply_mask(masks(), mixture_spectrum());
  return estimate_spectra_;
}

const Var& Signals::estimates() {
  if (!estimates_.defined()) estimates_ = stft_.inverse(masks(), mixture_spectrum(), samples_);
  return estimates_;
}

}  // namespace unmix
