// A new run's first weights from a model that another run trained.
#pragma once

#include "models/mask_network.h"
#include "training/options.h"

namespace unmix {

// Loads the model of options.model into the network. Throws one line where that model is of another architecture
// (joint or single, hidden size, layers, directions, STFT, channels, bandwidth).
void load_warm_start(const TrainOptions& options, MaskNetwork& network);

}  // namespace unmix
