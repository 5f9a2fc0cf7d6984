#include "models/registry.h"

#include <algorithm>

#include "base/error.h"

namespace unmix {
namespace {

template <class Network>
std::unique_ptr<MaskNetwork> make(const NetworkConfig& config, uint64_t seed) {
  return std::make_unique<Network>(config, seed);
}

std::list<ModelEntry>& table() {
  static std::list<ModelEntry> entries{
      {
          .name = "single",
          .description = "Open-Unmix: one network per target",
          .heads = {""},
          .sources = {},
          .make = make<OpenUnmix>,
      },
      {
          .name = "joint",
          .description = "Open-Unmix with a shared trunk and four mask heads",
          .heads = {"_1", "_2", "_3", "_4"},
          .sources = {"vocals", "drums", "bass", "other"},
          .make = make<JointOpenUnmix>,
      },
  };
  return entries;
}

}  // namespace

const std::list<ModelEntry>& model_registry() { return table(); }

ModelRegistration::ModelRegistration(const ModelEntry& entry) : name_(entry.name) {
  check(std::ranges::find(table(), entry.name, &ModelEntry::name) == table().end(), "model",
        "there is a model '{}' already", entry.name);
  table().push_back(entry);
}

ModelRegistration::~ModelRegistration() {
  table().remove_if([&](const ModelEntry& entry) { return entry.name == name_; });
}

const ModelEntry& default_model(bool one_target) {
  return *std::ranges::find_if(table(), [&](const ModelEntry& entry) { return entry.sources.empty() == one_target; });
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
