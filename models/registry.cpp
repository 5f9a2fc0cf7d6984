#include "models/registry.h"

#include "base/error.h"

namespace unmix {
namespace {

template <class Network>
std::unique_ptr<MaskNetwork> make(const NetworkConfig& config, uint64_t seed) {
  return std::make_unique<Network>(config, seed);
}

}  // namespace

const std::vector<ModelEntry>& model_registry() {
  static const std::vector<ModelEntry> table{
      {"single", "Open-Unmix: one network per target", {""}, {}, make<OpenUnmix>},
      {"joint",
       "Open-Unmix with a shared trunk and four mask heads",
       {"_1", "_2", "_3", "_4"},
       {"vocals", "drums", "bass", "other"},
       make<JointOpenUnmix>},
  };
  return table;
}

const ModelEntry& find_model(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ModelEntry& entry : model_registry()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UsageError(fmt::format("there is no model '{}'; there are: {}", name, fmt::join(names, ", ")));
}

}  // namespace unmix
