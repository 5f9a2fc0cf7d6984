// The networks that a loss brings along, from the options of a run; null where it has none.
#pragma once

#include <memory>

#include "layers/stft.h"
#include "models/vggish.h"
#include "training/adversary.h"
#include "training/options.h"

namespace unmix {

std::unique_ptr<Vggish> make_features(const TrainOptions& options);

// For excerpts of so many samples.
std::unique_ptr<Adversary> make_adversary(const TrainOptions& options, const Stft& stft, int64_t samples);

LossContext make_context(const TrainOptions& options, const Adversary* adversary, const Vggish* features);

}  // namespace unmix
