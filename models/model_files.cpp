#include "models/model_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "formats/weights_file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOp = "model";
constexpr const char* kSeparator = "separator.json";

// ---- what a directory holds ---------------------------------------------------------------------------------------

// The file that gives the target: its own, else that of a model with several heads, one of which is it.
const TargetFile& file_for(const std::string& target, const std::vector<TargetFile>& found, const fs::path& directory) {
  const auto named = [&](std::string_view name) {
    return std::find_if(found.begin(), found.end(), [&](const TargetFile& file) { return file.target == name; });
  };
  if (named(target) != found.end()) return *named(target);
  std::vector<std::string> available;
  for (const TargetFile& file : found) available.push_back(file.target);
  for (const ModelEntry& entry : model_registry()) {
    if (named(entry.name) == found.end()) continue;
    if (contains(entry.sources, target)) return *named(entry.name);
    available.insert(available.end(), entry.sources.begin(), entry.sources.end());
  }
  throw UsageError(
      fmt::format("{} has no model for '{}'; it has: {}", directory.string(), target, fmt::join(available, ", ")));
}

// ---- tensors ------------------------------------------------------------------------------------------------------

// Reads sizes off the state of a network; every failure says which tensor is not as wanted.
class Sizes {
 public:
  Sizes(const NamedTensors& state, const std::string& file) : state_(state), file_(file) {}

  bool has(const std::string& name) const {
    return std::any_of(state_.begin(), state_.end(), [&](const auto& entry) { return entry.first == name; });
  }

  int64_t size(const std::string& name, int axis, int rank) const {
    const Shape& shape = shape_of(name);
    check(static_cast<int>(shape.size()) == rank && element_count(shape) > 0, kOp,
          "{}: tensor {} has shape {}, where {} dimensions are expected", file_, name, to_string(shape), rank);
    return shape[static_cast<size_t>(axis)];
  }

  const ModelEntry& architecture() const {
    for (const ModelEntry& entry : model_registry()) {
      const bool complete = std::all_of(entry.heads.begin(), entry.heads.end(),
                                        [&](const std::string& head) { return has("fc3" + head + ".weight"); });
      if (complete && !has(fmt::format("fc3_{}.weight", entry.heads.size() + 1))) return entry;
    }
    fail(kOp, "{} is not a model of a known architecture: it has neither fc3.weight nor fc3_1 to fc3_4", file_);
  }

  NetworkConfig config() const {
    NetworkConfig config;
    config.hidden = size("fc1.weight", 0, 2);
    config.max_bin = size("input_mean", 0, 1);
    config.bins = size("output_mean", 0, 1);
    const int64_t inputs = size("fc1.weight", 1, 2);
    check(inputs % config.max_bin == 0, kOp, "{}: fc1.weight takes {} inputs, no multiple of the {} bins of input_mean",
          file_, inputs, config.max_bin);
    config.channels = inputs / config.max_bin;
    config.unidirectional = !has("lstm.weight_ih_l0_reverse");
    config.layers = 0;
    while (has(fmt::format("lstm.weight_ih_l{}", config.layers))) ++config.layers;
    check(config.layers > 0, kOp, "{} is not a model of a known architecture: it has no tensor lstm.weight_ih_l0",
          file_);
    return config;
  }

  // The largest tensors are as the sizes say, before a network of these sizes takes memory.
  void check_matrices(const NetworkPlan& plan) const {
    const NetworkConfig& c = plan.config;
    const int64_t units = c.unidirectional ? c.hidden : c.hidden / 2;
    for (int layer = 0; layer < c.layers; ++layer) {
      check_shape(fmt::format("lstm.weight_ih_l{}", layer), {4 * units, c.hidden});
      check_shape(fmt::format("lstm.weight_hh_l{}", layer), {4 * units, units});
    }
    check_shape("fc2.weight", {c.hidden, 2 * c.hidden});
    for (const std::string& head : plan.architecture->heads)
      check_shape("fc3" + head + ".weight", {c.channels * c.bins, c.hidden});
  }

 private:
  const Shape& shape_of(const std::string& name) const {
    const auto found = std::find_if(state_.begin(), state_.end(), [&](const auto& e) { return e.first == name; });
    check(found != state_.end(), kOp, "{} is not a model of a known architecture: it has no tensor {}", file_, name);
    return found->second.shape();
  }

  void check_shape(const std::string& name, const Shape& wanted) const {
    check(shape_of(name) == wanted, kOp, "{}: tensor {} has shape {}, where the other tensors want {}", file_, name,
          to_string(shape_of(name)), to_string(wanted));
  }

  const NamedTensors& state_;
  const std::string& file_;
};

// Adds the source, or all sources of the model, that `target` names.
void choose(ModelSet& set, const std::string& target, const fs::path& directory) {
  std::vector<std::string> sources;
  for (const LoadedModel& model : set.models) {
    if (contains(model.sources, target)) sources = {target};
    if (sources.empty() && model.target == target) sources = model.sources;
  }
  check(!sources.empty(), kOp, "{}: none of the models loaded gives '{}'", directory.string(), target);
  for (const std::string& source : sources)
    if (!contains(set.chosen, source)) set.chosen.push_back(source);
}

// Every source is given by one model only.
void check_unambiguous(const ModelSet& set, const fs::path& directory) {
  std::map<std::string, std::string> given;
  for (const LoadedModel& model : set.models)
    for (const std::string& source : model.sources) {
      const auto [at, is_new] = given.emplace(source, model.target);
      if (!is_new && (set.chosen.empty() || contains(set.chosen, source)))
        throw UsageError(fmt::format("{}: both {} and {} give '{}'; name the one to use (targets)", directory.string(),
                                     at->second, model.target, source));
    }
}

// A directory's own name: of "models/umx/" umx, of "." the name of the working directory.
std::string name_of(const fs::path& directory) {
  const fs::path path = fs::weakly_canonical(directory);
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

}  // namespace

std::vector<std::string> ModelSet::sources() const {
  if (!chosen.empty()) return chosen;
  std::vector<std::string> all;
  for (const LoadedModel& model : models) all.insert(all.end(), model.sources.begin(), model.sources.end());
  return all;
}

NetworkPlan infer_network(const NamedTensors& state, const std::string& file) {
  const Sizes sizes(state, file);
  const NetworkPlan plan{&sizes.architecture(), sizes.config()};
  sizes.check_matrices(plan);
  return plan;
}

LoadedModel load_model(const TargetFile& file, Device device) {
  return make_model(file, read_weights(file.path), device);
}

LoadedModel make_model(const TargetFile& file, const TensorFile& weights, Device device) {
  const std::string path = file.path.string();
  const NetworkPlan plan = infer_network(weights.tensors, path);
  LoadedModel model{file.target, plan.architecture->sources, nullptr};
  if (model.sources.empty()) model.sources = {model.target};
  try {
    model.network = plan.architecture->make(plan.config, 0);
  } catch (const UsageError& error) {
    fail(kOp, "{}: {}", path, error.what());  // the file is at fault, not the command line
  }
  model.network->load_state(weights.tensors, path, /*ignore_unknown=*/true);
  model.network->train(false);
  model.network->to(device);
  if (const Tensor* rate = weights.find("sample_rate"); rate != nullptr && rate->size() == 1)
    if (const float hertz = rate->item(); hertz >= 1 && hertz < 1e7f) model.sample_rate = static_cast<int>(hertz);
  return model;
}

void check_fits(const SeparatorConfig& config, const NetworkConfig& network, const TargetFile& file) {
  const std::string settings = (file.path.parent_path() / kSeparator).string(), name = file.path.filename().string();
  check(network.bins == config.n_fft / 2 + 1, kOp, "{} says nfft {}, which gives {} bins, but {} has {}", settings,
        config.n_fft, config.n_fft / 2 + 1, name, network.bins);
  check(network.channels == config.channels, kOp, "{} says nb_channels {}, but {} has {}", settings, config.channels,
        name, network.channels);
  check_description(config, file);
}

ModelSet load_files(const fs::path& directory, const std::vector<TargetFile>& files, Device device) {
  ModelSet set{.name = name_of(directory)};
  int rate = 0;
  for (const TargetFile& file : files) {
    set.models.push_back(load_model(file, device));
    rate = std::max(rate, set.models.back().sample_rate);
  }
  const std::optional<SeparatorConfig> config = find_settings(directory, files, rate);
  check(config.has_value(), kOp,
        "{}: no such file; it tells nfft, nhop, sample_rate and nb_channels, and for Open-Unmix's published weights "
        "`unmix convert {} NEW_DIRECTORY` writes it",
        (directory / kSeparator).string(), directory.string());
  set.config = *config;
  for (size_t i = 0; i < files.size(); ++i) check_fits(set.config, set.models[i].network->config(), files[i]);
  return set;
}

ModelSet load_models(const fs::path& directory, const std::vector<std::string>& targets, Device device) {
  std::vector<std::string> warnings;
  const std::vector<TargetFile> found = find_target_files(directory, &warnings);
  std::vector<TargetFile> files;
  const auto add = [&](const TargetFile& file) {
    const auto is_file = [&](const TargetFile& other) { return other.path == file.path; };
    if (std::none_of(files.begin(), files.end(), is_file)) files.push_back(file);
  };
  for (const std::string& target : targets) add(file_for(target, found, directory));
  ModelSet set = load_files(directory, targets.empty() ? found : files, device);
  set.warnings = std::move(warnings);
  for (const std::string& target : targets) choose(set, target, directory);
  check_unambiguous(set, directory);
  return set;
}

void write_weights(const fs::path& file, const MaskNetwork& network,
                   const std::map<std::string, std::string>& metadata) {
  write_safetensors(file, {network.state(), metadata});
}

}  // namespace unmix
