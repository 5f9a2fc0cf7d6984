#include "losses/signals.h"

#include "base/error.h"

namespace unmix {

Signals::Signals(const Stft& stft, Tensor mixture, Tensor targets)
    : stft_(stft), mixture_(std::move(mixture)), targets_(std::move(targets)) {
  check(mixture_.rank() == 3 && targets_.rank() == 4 && targets_.dim(0) > 0 && targets_[0].shape() == mixture_.shape(),
        "loss", "mixture {} and targets {} do not fit: give (batch, channels, samples) and (sources, ...) of them",
        to_string(mixture_.shape()), to_string(targets_.shape()));
}

void Signals::set_masks(Var masks) {
  const Shape& shape = masks.shape();
  const Shape wanted{sources(), stft_.frames(mixture_.dim(2)), mixture_.dim(0), mixture_.dim(1), stft_.bins()};
  check(shape == wanted, "loss", "masks {} do not fit the signals: {} is wanted", to_string(shape), to_string(wanted));
  masks_ = std::move(masks);
}

const Var& Signals::masks() const {
  check(masks_.defined(), "loss", "the masks are not set");
  return masks_;
}

const Tensor& Signals::mixture_magnitude() {
  if (!mixture_magnitude_.defined()) mixture_magnitude_ = stft_.magnitude(mixture_);
  return mixture_magnitude_;
}

const Tensor& Signals::target_magnitudes() {
  if (!target_magnitudes_.defined()) {
    Shape shape = mixture_magnitude().shape();
    shape.insert(shape.begin(), sources());
    target_magnitudes_ = Tensor::empty(shape, mixture_.device());
    for (int64_t k = 0; k < sources(); ++k) stft_.magnitude(targets_[k], target_magnitudes_[k]);
  }
  return target_magnitudes_;
}

}  // namespace unmix
