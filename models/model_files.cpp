#include "models/model_files.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tensor/safetensors.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kOp = "model";
constexpr const char* kWeights = ".safetensors";
constexpr const char* kSeparator = "separator.json";

// ---- separator.json -----------------------------------------------------------------------------------------------

// Open-Unmix writes the rate as 44100.0.
int64_t whole_number(const json& object, const char* key, int64_t most, const std::string& file) {
  check(object.contains(key), kOp, "{}: '{}' is missing; nfft, nhop, sample_rate and nb_channels are wanted", file,
        key);
  const json& value = object[key];
  const double number = value.is_number() ? value.get<double>() : 0.0;
  check(number >= 1 && number <= static_cast<double>(most) && number == std::floor(number), kOp,
        "{}: '{}' is {}, not a whole number from 1 to {}", file, key, value.dump(), most);
  return static_cast<int64_t>(number);
}

// ---- what a directory holds ---------------------------------------------------------------------------------------

fs::path weights_file(const fs::path& directory, const std::string& target) { return directory / (target + kWeights); }

// The usual sources first, in Open-Unmix's order, then others by name.
bool comes_first(const std::string& a, const std::string& b) {
  const auto rank = [](const std::string& name) {
    const std::vector<std::string>& usual = find_model("joint").sources;
    return std::find(usual.begin(), usual.end(), name) - usual.begin();
  };
  return std::pair(rank(a), a) < std::pair(rank(b), b);
}

std::vector<std::string> targets_in(const fs::path& directory) {
  std::vector<std::string> found;
  bool pickled = false;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == kWeights) found.push_back(entry.path().stem().string());
    pickled = pickled || entry.path().extension() == ".pth";
  }
  check(!found.empty() || !pickled, kOp, "{} holds PyTorch's .pth files only; weights are read from .safetensors files",
        directory.string());
  check(!found.empty(), kOp, "{} holds no model: <target>.safetensors is wanted, such as vocals.safetensors",
        directory.string());
  std::sort(found.begin(), found.end(), comes_first);
  return found;
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// The file that gives the target: its own, else that of a model with several heads, one of which is it.
std::string file_for(const std::string& target, const std::vector<std::string>& found, const fs::path& directory) {
  if (contains(found, target)) return target;
  std::vector<std::string> available = found;
  for (const ModelEntry& entry : model_registry()) {
    const std::string name(entry.name);
    if (!contains(found, name)) continue;
    if (contains(entry.sources, target)) return name;
    available.insert(available.end(), entry.sources.begin(), entry.sources.end());
  }
  throw UsageError(fmt::format("{} has no model for '{}'; it has: {}", directory.string(), target,
                               fmt::join(available, ", ")));
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
          "{}: tensor {} has shape {}, where {} dimensions are wanted", file_, name, to_string(shape), rank);
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

void check_fits(const SeparatorConfig& config, const LoadedModel& model, const fs::path& directory) {
  const NetworkConfig& network = model.network->config();
  const std::string json_file = (directory / kSeparator).string();
  check(network.bins == config.n_fft / 2 + 1, kOp, "{} says nfft {}, which gives {} bins, but {}.safetensors has {}",
        json_file, config.n_fft, config.n_fft / 2 + 1, model.target, network.bins);
  check(network.channels == config.channels, kOp, "{} says nb_channels {}, but {}.safetensors has {}", json_file,
        config.channels, model.target, network.channels);
}

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
        throw UsageError(fmt::format("{}: both {}.safetensors and {}.safetensors give '{}'; choose with --targets",
                                     directory.string(), at->second, model.target, source));
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

LoadedModel load_model(const fs::path& file, Device device) {
  const TensorFile weights = read_safetensors(file);
  const NetworkPlan plan = infer_network(weights.tensors, file.string());
  LoadedModel model{file.stem().string(), plan.architecture->sources, nullptr};
  if (model.sources.empty()) model.sources = {model.target};
  try {
    model.network = plan.architecture->make(plan.config, 0);
  } catch (const UsageError& error) {
    fail(kOp, "{}: {}", file.string(), error.what());  // the file is at fault, not the command line
  }
  model.network->load_state(weights.tensors, file.string(), /*ignore_unknown=*/true);
  model.network->train(false);
  model.network->to(device);
  return model;
}

ModelSet load_models(const fs::path& directory, const std::vector<std::string>& targets, Device device) {
  check(fs::is_directory(directory), kOp, "{} is not a model directory: there is no such folder", directory.string());
  ModelSet set{name_of(directory), {}, {}, {}};
  const std::vector<std::string> found = targets_in(directory);
  set.config = read_separator_json(directory);
  std::vector<std::string> files;
  for (const std::string& target : targets.empty() ? found : targets) {
    const std::string file = file_for(target, found, directory);
    if (!contains(files, file)) files.push_back(file);
  }
  for (const std::string& file : files) {
    set.models.push_back(load_model(weights_file(directory, file), device));
    check_fits(set.config, set.models.back(), directory);
  }
  for (const std::string& target : targets) choose(set, target, directory);
  check_unambiguous(set, directory);
  return set;
}

SeparatorConfig read_separator_json(const fs::path& directory) {
  const fs::path path = directory / kSeparator;
  check_input_file(kOp, path);
  const json object = json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  const std::string file = path.string();
  check(object.is_object(), kOp, "{}: the file is not a JSON object", file);
  SeparatorConfig config;
  config.n_fft = whole_number(object, "nfft", int64_t{1} << 24, file);
  config.hop = whole_number(object, "nhop", int64_t{1} << 24, file);
  config.sample_rate = static_cast<int>(whole_number(object, "sample_rate", 10'000'000, file));
  config.channels = whole_number(object, "nb_channels", 1024, file);
  check(config.n_fft % 2 == 0 && config.hop <= config.n_fft, kOp,
        "{}: nfft {} must be even and nhop {} no larger than it", file, config.n_fft, config.hop);
  return config;
}

void write_separator_json(const fs::path& directory, const SeparatorConfig& config) {
  const nlohmann::ordered_json object{{"nfft", config.n_fft},
                                      {"nhop", config.hop},
                                      {"sample_rate", config.sample_rate},
                                      {"nb_channels", config.channels}};
  write_file(directory / kSeparator, object.dump(4) + "\n");
}

void write_weights(const fs::path& file, const MaskNetwork& network,
                   const std::map<std::string, std::string>& metadata) {
  write_safetensors(file, {network.state(), metadata});
}

}  // namespace unmix
