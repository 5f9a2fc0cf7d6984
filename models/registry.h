// The table of models: the command line, the model files and the tests read it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/mask_network.h"

namespace unmix {

struct ModelEntry {
  std::string_view name;  // as --architecture takes it
  std::string_view description;
  std::vector<std::string> heads;    // the end of each head's layer names: "_1" for fc3_1
  std::vector<std::string> sources;  // of each head; empty where the one head's source is the model's target
  std::unique_ptr<MaskNetwork> (*make)(const NetworkConfig& config, uint64_t seed);
};

const std::vector<ModelEntry>& model_registry();

// Throws UsageError, naming all, where there is no such model.
const ModelEntry& find_model(std::string_view name);

}  // namespace unmix
