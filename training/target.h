// What the network's heads learn to estimate.
#pragma once

#include "data/dataset.h"
#include "training/options.h"

namespace unmix {

// (heads, batch, channels, frames): all targets that the batch has; of musdb's a single model's, a source or the
// accompaniment (musdb_sources_of in audio/musdb.h).
Tensor select_target(const Batch& batch, const TrainOptions& options);

}  // namespace unmix
