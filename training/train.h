// `unmix train`: data set, network and trainer from the options, up to the finished model directory.
#pragma once

#include "training/options.h"
#include "training/trainer.h"
#include "training/training_data.h"

namespace unmix {

// Trains and returns the run's history. Messages go to standard error unless options.quiet. Throws UsageError, Error
// or Interrupted.
History train(const TrainOptions& options);

// The same with tracks that stay open for other runs. Runs on several threads may share them; each thread has chosen
// its device.
History train(const TrainOptions& options, TrainingData& data);

}  // namespace unmix
