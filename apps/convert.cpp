// unmix convert: weights between .safetensors, .pth and directories of Open-Unmix files, and to .onnx.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "base/json.h"
#include "models/convert.h"

namespace unmix {
namespace {

using nlohmann::ordered_json;

struct Options {
  CommonOptions common;
  std::filesystem::path from, to;
};

ordered_json to_json(const ConvertedModel& model) {
  const NetworkConfig& network = model.network;
  ordered_json json{{"file", model.from.string()},     {"target", model.target},
                    {"parameters", model.parameters},  {"hidden_size", network.hidden},
                    {"nb_layers", network.layers},     {"unidirectional", network.unidirectional},
                    {"nb_channels", network.channels}, {"heads", model.heads}};
  if (!model.published.empty()) json["published"] = model.published;
  if (!model.hash.empty()) json["sha256"] = model.hash;
  return json;
}

std::string to_line(const ConvertedModel& model) {
  const NetworkConfig& network = model.network;
  std::string line = fmt::format(
      "{}: {}{}, {} parameters, all finite; hidden size {}, {} {} layer(s), {} channel(s)", model.from.string(),
      model.target, model.published.empty() ? "" : " of " + model.published, model.parameters, network.hidden,
      network.layers, network.unidirectional ? "unidirectional" : "bidirectional", network.channels);
  if (!model.hash.empty()) line += fmt::format("; SHA-256 {}...", model.hash);
  return line;
}

void run(const Options& options) {
  const Conversion done = convert(options.from, options.to);
  for (const std::string& warning : done.warnings) options.common.warn(warning);
  ordered_json json{{"written", ordered_json::array()}};
  for (const auto& path : done.written) json["written"].push_back(path.string());
  for (const ConvertedModel& model : done.models) {
    json["models"].push_back(to_json(model));
    options.common.say(to_line(model));
  }
  if (const auto& settings = done.settings)
    options.common.say(fmt::format("{} Hz, nfft {}, nhop {}, {} channel(s)", settings->sample_rate, settings->n_fft,
                                   settings->hop, settings->channels));
  if (options.common.json) {
    fmt::print("{}\n", json_text(json));
  } else {
    for (const auto& path : done.written) fmt::print("{}\n", path.string());
  }
}

}  // namespace

void add_convert(CLI::App& program) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "convert",
      "Convert weights between .safetensors, PyTorch's .pth and directories of Open-Unmix files, and to .onnx");
  command
      ->add_option("A", options->from,
                   "What to read: a .safetensors or .pth file, a model directory, or a folder of Open-Unmix's "
                   "published weights as downloaded")
      ->required();
  command
      ->add_option("B", options->to,
                   "What to write: a .safetensors, .pth or .onnx file, or a directory: a model directory of .pth files "
                   "becomes one of .safetensors files and the other way round")
      ->required();
  add_common_options(*command, options->common, true);
  command->callback([options] { run(*options); });
}

}  // namespace unmix
