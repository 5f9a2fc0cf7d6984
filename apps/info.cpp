// unmix info: this build, its devices and libraries, and the registered losses and models.
#include <fmt/core.h>
#include <omp.h>

#include <nlohmann/json.hpp>

#include "apps/commands.h"
#include "audio/library_versions.h"
#include "base/version.h"
#include "data/registry.h"
#include "losses/registry.h"
#include "models/discriminator.h"
#include "models/registry.h"
#include "report/library_versions.h"
#include "tensor/library_versions.h"

namespace unmix {
namespace {

using nlohmann::ordered_json;

ordered_json libraries() {
  ordered_json list;
  for (const auto& versions : {tensor_library_versions(), audio_library_versions(), report_library_versions()})
    for (const LibraryVersion& library : versions) list[library.name] = library.version;
  list["fmt"] = dotted(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  list["CLI11"] = CLI11_VERSION;
  return list;
}

ordered_json devices() {
  ordered_json list{{"cpu", fmt::format("{} threads", omp_get_max_threads())}};
  for (int i = 0; i < cuda_device_count(); ++i) list[fmt::format("cuda:{}", i)] = cuda_device_name(i);
  return list;
}

ordered_json information() {
  ordered_json info{{"version", version()},
                    {"commit", commit()},
                    {"build", build_description()},
                    {"devices", devices()},
                    {"libraries", libraries()}};
  for (const ModelEntry& model : model_registry())
    info["models"].push_back({{"name", model.name}, {"description", model.description}});
  for (const DiscriminatorEntry& discriminator : discriminator_registry())
    info["discriminators"].push_back({{"name", discriminator.name}, {"description", discriminator.description}});
  for (const DatasetEntry& dataset : dataset_registry())
    info["datasets"].push_back({{"name", dataset.name}, {"description", dataset.layout}});
  for (const LossEntry& loss : loss_registry())
    info["losses"].push_back({{"name", loss.name},
                              {"domain", loss.domain},
                              {"code", loss.code},
                              {"paper", loss.paper},
                              {"learning_rate", loss.learning_rate},
                              {"source", loss.source}});
  return info;
}

void print_text(const ordered_json& info) {
  const auto text = [](const ordered_json& value) { return value.get<std::string>(); };
  const std::string commit = text(info["commit"]);
  fmt::print("unmix {}{}\n{}\n\nDevices\n", text(info["version"]), commit.empty() ? "" : " (" + commit + ")",
             text(info["build"]));
  for (const auto& [name, about] : info["devices"].items()) fmt::print("  {:<12} {}\n", name, text(about));
  fmt::print("\nLibraries\n");
  for (const auto& [name, about] : info["libraries"].items()) fmt::print("  {:<12} {}\n", name, text(about));
  for (const char* group : {"models", "discriminators", "datasets"}) {
    fmt::print("\n{}{}\n", static_cast<char>(std::toupper(group[0])), group + 1);
    for (const auto& entry : info[group]) fmt::print("  {:<16} {}\n", text(entry["name"]), text(entry["description"]));
  }
  fmt::print("\nLosses\n");
  for (const auto& loss : info["losses"])
    fmt::print("  {:<18} {:<10} {}\n", text(loss["name"]), text(loss["domain"]),
               text(loss["code"].empty() ? loss["paper"] : loss["code"]));
}

}  // namespace

void add_info(CLI::App& program) {
  struct Options {
    CommonOptions common;
    bool markdown = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("info", "Show version, build, devices, libraries, losses and models");
  command->add_flag("--markdown", options->markdown, "Print only the tables of losses and data sets, in Markdown");
  add_common_options(*command, options->common, true);
  command->callback([options] {
    if (options->markdown) return fmt::print("{}\n{}", loss_table_markdown(), dataset_table_markdown());
    const ordered_json info = information();
    if (options->common.json)
      fmt::print("{}\n", info.dump(2));
    else
      print_text(info);
  });
}

}  // namespace unmix
