#include "losses/signals.h"

#include "base/error.h"

namespace unmix {

Signals::Signals(const Stft& stft, Tensor mixture, Tensor targets)
    : stft_(stft), sources_(0), mixture_(std::move(mixture)), targets_(std::move(targets)) {
  check(mixture_.rank() == 3 && targets_.rank() == 4 && targets_.dim(0) > 0 && targets_[0].shape() == mixture_.shape(),
        "loss", "mixture {} and targets {} do not fit: give (batch, channels, samples) and (sources, ...) of them",
        to_string(mixture_.shape()), to_string(targets_.shape()));
  sources_ = targets_.dim(0);
  mask_shape_ = {sources_, stft_.frames(mixture_.dim(2)), mixture_.dim(0), mixture_.dim(1), stft_.bins()};
}

void Signals::keep_magnitudes_only() {
  target_magnitudes();
  mixture_ = targets_ = Tensor();
}

const Tensor& Signals::mixture() const {
  check(mixture_.defined(), "loss", "the mixture's waveform was given back");
  return mixture_;
}

const Tensor& Signals::targets() const {
  check(targets_.defined(), "loss", "the targets' waveforms were given back");
  return targets_;
}

void Signals::set_masks(Var masks) {
  check(masks.shape() == mask_shape_, "loss", "masks {} do not fit the signals: {} is wanted", to_string(masks.shape()),
        to_string(mask_shape_));
  masks_ = std::move(masks);
}

const Var& Signals::masks() const {
  check(masks_.defined(), "loss", "the masks are not set");
  return masks_;
}

const Tensor& Signals::mixture_magnitude() {
  if (!mixture_magnitude_.defined()) mixture_magnitude_ = stft_.magnitude(mixture());
  return mixture_magnitude_;
}

const Tensor& Signals::target_magnitudes() {
  if (!target_magnitudes_.defined()) {
    target_magnitudes_ = Tensor::empty(mask_shape_, mixture_magnitude().device());
    for (int64_t k = 0; k < sources_; ++k) stft_.magnitude(targets()[k], target_magnitudes_[k]);
  }
  return target_magnitudes_;
}

}  // namespace unmix
