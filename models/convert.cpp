#include "models/convert.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "formats/pth.h"
#include "formats/weights_file.h"
#include "models/model_files.h"
#include "models/onnx_export.h"
#include "models/published.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kOp = "convert";
constexpr const char* kCounter = "num_batches_tracked";

// ---- one file -------------------------------------------------------------------------------------------------------

// PyTorch's batch norms count the batches that they saw; ours do not, since nothing depends on it.
NamedTensors with_counters(const NamedTensors& tensors) {
  constexpr std::string_view last = "running_var";
  NamedTensors all;
  for (const auto& [name, tensor] : tensors) {
    all.emplace_back(name, tensor);
    if (!name.ends_with(last)) continue;
    const std::string counter = name.substr(0, name.size() - last.size()) + kCounter;
    const auto is_counter = [&](const auto& entry) { return entry.first == counter; };
    if (std::none_of(tensors.begin(), tensors.end(), is_counter)) all.emplace_back(counter, Tensor::zeros({}));
  }
  return all;
}

void write(const fs::path& to, const TensorFile& file) {
  if (to.extension() == ".pth") {
    write_pth(to, {with_counters(file.tensors), {}});
  } else {
    write_safetensors(to, file);
  }
}

// The hash, if the file's name has one. torch.hub writes it behind a dash; Open-Unmix's umxse has an underscore, which
// torch.hub does not check, so that there a difference proves no damage.
std::string check_hash(const fs::path& path, Conversion& done) {
  const auto name = parse_published_name(path);
  if (!name) return "";
  std::string hash = short_hash(path);
  const std::string difference =
      fmt::format("{}: its SHA-256 begins with {}, not with the {} of its name", path.string(), hash, name->hash);
  check(hash == name->hash || name->separator == '_', kOp, "{}: the download is damaged or renamed; download it again",
        difference);
  if (hash != name->hash) done.warnings.push_back(difference);
  return hash;
}

Conversion convert_file(const fs::path& from, const fs::path& to) {
  check_input_file(kOp, from);
  const fs::path extension = to.extension();
  if (fs::is_directory(to) || (extension != ".pth" && extension != ".safetensors"))
    throw UsageError(fmt::format("{} is a file: it is converted to a file, .pth, .safetensors or .onnx, not to {}",
                                 from.string(), to.string()));
  Conversion done{{to}, {}, {}, {}};
  check_hash(from, done);
  write(to, read_weights(from));
  return done;
}

// ---- a directory ----------------------------------------------------------------------------------------------------

struct Target {
  ConvertedModel report;
  TargetFile file;
  NamedTensors tensors;  // of the network, and counters
  int sample_rate;       // of the weights; 0: they hold none
};

void check_finite(const fs::path& file, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    check(std::all_of(tensor.data(), tensor.data() + tensor.size(), [](float x) { return std::isfinite(x); }), kOp,
          "{}: tensor {} has values that are not finite: the weights are damaged", file.string(), name);
}

Target read_target(const TargetFile& file, Conversion& done) {
  const std::string hash = check_hash(file.path, done);
  const TensorFile weights = read_weights(file.path);
  const LoadedModel model = make_model(file, weights, Device::cpu);
  const PublishedModel* published = find_published(file.path);
  Target target{{file.path, file.target, published == nullptr ? "" : published->name, hash, model.network->config(),
                 model.network->heads()},
                file,
                {},
                model.sample_rate};
  for (const auto& [name, parameter] : model.network->parameters())
    target.report.parameters += parameter.value().size();
  const NamedTensors used = model.network->state();
  for (const auto& entry : weights.tensors) {
    const auto is_entry = [&](const auto& own) { return own.first == entry.first; };
    if (std::any_of(used.begin(), used.end(), is_entry) || entry.first.ends_with(kCounter))
      target.tensors.push_back(entry);
  }
  check_finite(file.path, target.tensors);
  return target;
}

SeparatorConfig settings_for(const fs::path& from, const std::vector<TargetFile>& files, const Target& target,
                             Conversion& done) {
  if (const auto settings = find_settings(from, files, target.sample_rate)) return *settings;
  if (const PublishedModel* published = find_published(target.file.path)) return published->settings;
  const PublishedModel* published = find_published(target.report.network);
  const std::string path = (from / "separator.json").string();
  check(published != nullptr, kOp, "{}: no such file; it tells nfft, nhop, sample_rate and nb_channels", path);
  done.warnings.push_back(
      fmt::format("{}: no such file; the weights have the sizes of Open-Unmix's {}, whose settings "
                  "were taken",
                  path, published->name));
  return published->settings;
}

// <target>.json with what Open-Unmix builds the network from; all else that it had is kept.
ordered_json description(const Target& target, const SeparatorConfig& config) {
  const fs::path path = description_file(target.file);
  ordered_json object = fs::exists(path) ? read_json_object(kOp, path) : ordered_json{{"args", ordered_json::object()}};
  ordered_json& args = object["args"];
  if (args.is_null()) args = ordered_json::object();
  check(args.is_object(), kOp, "{}: 'args' is not an object", path.string());
  const NetworkConfig& network = target.report.network;
  const ordered_json actual{
      {"nfft", config.n_fft},          {"nhop", config.hop},          {"nb_channels", network.channels},
      {"hidden_size", network.hidden}, {"nb_layers", network.layers}, {"unidirectional", network.unidirectional}};
  for (const auto& [key, value] : actual.items()) {
    // Open-Unmix's own scripts leave out what they do not vary.
    if (!args.contains(key)) args[key] = value;
    check(args[key] == value, kOp, "{} says {} {}, but {} has {}", path.string(), key, brief(args[key]),
          target.file.path.filename().string(), value.dump());
  }
  return object;
}

void warn_of_original(const ConvertedModel& model, Conversion& done) {
  const NetworkConfig& network = model.network;
  if (model.heads > 1 || network.layers != 3 || network.unidirectional)
    done.warnings.push_back(fmt::format(
        "{}: openunmix itself cannot load it: it builds one head on 3 bidirectional "
        "layers, this network has heads: {}, layers: {}, {}",
        model.target, model.heads, network.layers, network.unidirectional ? "unidirectional" : "bidirectional"));
}

// Says which files of a published model are not there, and under which terms it is.
void warn_of_published(const fs::path& from, Conversion& done) {
  const PublishedModel* published = find_published(done.models.front().from);
  if (published == nullptr) return;
  std::vector<std::string> missing;
  for (const auto& [target, hash] : published->hashes) {
    const auto is_target = [&, &name = target](const ConvertedModel& model) { return model.target == name; };
    if (std::none_of(done.models.begin(), done.models.end(), is_target)) missing.push_back(target);
  }
  if (!missing.empty())
    done.warnings.push_back(fmt::format("{}: the files of {} for {} are not there", from.string(), published->name,
                                        fmt::join(missing, ", ")));
  if (!published->terms.empty())
    done.warnings.push_back(fmt::format("the weights of {} are under {}", published->name, published->terms));
}

// The extension that all files have.
std::string common_extension(const std::vector<TargetFile>& files) {
  const fs::path extension = files.front().path.extension();
  for (const TargetFile& file : files)
    check(file.path.extension() == extension, kOp, "{} and {} are of two formats; convert them one by one",
          files.front().path.string(), file.path.string());
  return extension.string();
}

void write_target(const Target& target, const ordered_json& json, const fs::path& to, const std::string& extension,
                  Conversion& done) {
  make_folder(kOp, to);
  done.written.push_back(to / (target.file.target + extension));
  write(done.written.back(), {target.tensors, {}});
  write_file(to / (target.file.target + ".json"), json_text(json, 4) + "\n");
  if (extension == ".pth") warn_of_original(target.report, done);
}

// All files are checked before the first is written.
Conversion convert_directory(const fs::path& from, const fs::path& to) {
  Conversion done;
  const std::vector<TargetFile> files = find_target_files(from, &done.warnings);
  const std::string extension = common_extension(files) == ".pth" ? ".safetensors" : ".pth";
  for (const TargetFile& file : files)
    check(extension != ".pth" || !fs::exists(to / (file.target + ".safetensors")), kOp,
          "{} has {}.safetensors, which would be read instead of {}.pth; choose another directory", to.string(),
          file.target, file.target);
  std::vector<Target> targets;
  for (const TargetFile& file : files) {
    targets.push_back(read_target(file, done));
    done.models.push_back(targets.back().report);
  }
  done.settings = settings_for(from, files, targets.front(), done);
  std::vector<ordered_json> descriptions;
  for (const Target& target : targets) {
    check_fits(*done.settings, target.report.network, target.file);
    descriptions.push_back(description(target, *done.settings));
  }
  for (size_t i = 0; i < targets.size(); ++i) write_target(targets[i], descriptions[i], to, extension, done);
  write_separator_json(to, *done.settings);
  warn_of_published(from, done);
  return done;
}

Conversion convert_to_onnx(const fs::path& from, const fs::path& to) {
  check(fs::is_directory(from) || fs::is_regular_file(from), kOp, "{}: no such file", from.string());
  const fs::path folder = from.has_parent_path() ? from.parent_path() : ".";
  const ModelSet set = fs::is_directory(from) ? load_models(from, {}, Device::cpu)
                                              : load_files(folder, {target_file(from)}, Device::cpu);
  for (const LoadedModel& model : set.models) check_finite(from, model.network->state());
  write_onnx(to, set);
  return {{to}, {}, set.config, {}};
}

}  // namespace

Conversion convert(const fs::path& from, const fs::path& to) {
  if (to.extension() == ".onnx" && !fs::is_directory(to)) return convert_to_onnx(from, to);
  if (!fs::is_directory(from)) return convert_file(from, to);
  if (fs::exists(to) ? !fs::is_directory(to) : to.has_extension())
    throw UsageError(fmt::format("{} is a directory: it is converted to a directory or a file .onnx, not to {}",
                                 from.string(), to.string()));
  return convert_directory(from, to);
}

}  // namespace unmix
