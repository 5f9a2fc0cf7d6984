// `unmix train`: data set, network and trainer from the options, up to the finished model directory.
#pragma once

#include "training/options.h"
#include "training/trainer.h"

namespace unmix {

// Trains and returns the run's history. Messages go to standard error unless options.quiet. Throws UsageError, Error
// or Interrupted.
History train(const TrainOptions& options);

}  // namespace unmix
