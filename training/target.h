// What the network's heads learn to estimate.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace unmix {

// (targets, batch, channels, frames): of a batch with one target that one, whatever its name; of musdb's four sources
// each target's, a source or the accompaniment (musdb_sources_of in audio/musdb.h).
Tensor select_targets(const Batch& batch, const std::vector<std::string>& targets);

}  // namespace unmix
