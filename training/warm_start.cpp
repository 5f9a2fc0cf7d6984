#include "training/warm_start.h"

#include <algorithm>

#include "base/error.h"
#include "formats/weights_file.h"
#include "models/model_files.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

struct Difference {
  const char* option;
  std::string there, here;
  bool differs() const { return there != here; }
};

void check_same(const std::string& source, const std::vector<Difference>& differences) {
  for (const auto& d : differences)
    check(!d.differs(), "train", "{} has {} {}, this run {}: a warm start needs the same", source, d.option, d.there,
          d.here);
}

std::string text(int64_t value) { return std::to_string(value); }
std::string directions(const NetworkConfig& config) { return config.unidirectional ? "one" : "two"; }

// The model's file, or an error that says which architectures the directory holds.
fs::path weights_of(const TrainOptions& options) {
  check(fs::is_directory(options.model), "train", "--model {}: there is no such folder", options.model.string());
  const std::vector<TargetFile> files = find_target_files(options.model);
  const auto has = [&](const std::string& target) {
    return std::any_of(files.begin(), files.end(), [&](const TargetFile& file) { return file.target == target; });
  };
  const ModelEntry& model = options.model_entry();
  const bool found = has(options.model_name());
  for (const ModelEntry& other : model_registry())
    check(found || other.sources.empty() || !has(std::string(other.name)), "train",
          "--model {} holds a {} model, this run trains a {} one: give --architecture {}", options.model.string(),
          other.name, model.name, other.name);
  check(found || !options.joint(), "train",
        "--model {} holds models of one target each, this run trains a {} one: give --target", options.model.string(),
        model.name);
  return find_target_file(options.model, options.model_name());
}

}  // namespace

void load_warm_start(const TrainOptions& options, MaskNetwork& network) {
  const fs::path file = weights_of(options);
  const TensorFile weights = read_weights(file);
  const NetworkPlan plan = infer_network(weights.tensors, file.string());
  const NetworkConfig &there = plan.config, &here = network.config();
  check_same(file.string(),
             {{"the architecture", std::string(plan.architecture->name), std::string(options.model_entry().name)},
              {"--hidden-size", text(there.hidden), text(here.hidden)},
              {"--nb-layers", text(there.layers), text(here.layers)},
              {"LSTM directions", directions(there), directions(here)},
              {"--nb-channels", text(there.channels), text(here.channels)},
              {"--nfft", text(2 * (there.bins - 1)), text(2 * (here.bins - 1))}});
  const SeparatorConfig separator = read_separator_json(options.model);
  check_same((options.model / "separator.json").string(),
             {{"nfft", text(separator.n_fft), text(options.nfft)}, {"nhop", text(separator.hop), text(options.nhop)}});
  check_same(file.string(), {{"bins within --bandwidth", text(there.max_bin), text(here.max_bin)}});
  network.load_state(weights.tensors, file.string(), /*ignore_unknown=*/true);
}

}  // namespace unmix
