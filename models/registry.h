// The table of models: the command line, the model files and the tests read it.
#pragma once

#include <list>
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

const std::list<ModelEntry>& model_registry();

// Adds a model from outside the library while it lives, as a global variable or in main. Throws where the name is
// taken.
class ModelRegistration {
 public:
  explicit ModelRegistration(const ModelEntry& entry);
  ~ModelRegistration();
  ModelRegistration(const ModelRegistration&) = delete;
  ModelRegistration& operator=(const ModelRegistration&) = delete;

 private:
  std::string_view name_;
};

// What is trained where no model is named: the first for one target, or the first for several.
const ModelEntry& default_model(bool one_target);

// Throws UsageError, naming all, where there is no such model.
const ModelEntry& find_model(std::string_view name);

}  // namespace unmix
