#include "data/registry.h"

#include <algorithm>

#include "base/error.h"
#include "data/datasets.h"

namespace unmix {

const std::vector<DatasetEntry>& dataset_registry() {
  static const std::vector<DatasetEntry> registry{
      {
          .name = "musdb",
          .layout = "train, test: TRACK.stem.mp4; with --is-wav TRACK/ of mixture.wav, vocals.wav, drums.wav, "
                    "bass.wav, other.wav",
          .required = {},
          .options = {"is-wav", "samples-per-track", "reduce-samples", "random-track-mix", "source-augmentations"},
          .has_mixtures = true,
          .list = list_musdb,
          .open = open_musdb,
      },
      {
          .name = "aligned",
          .layout = "train, valid: TRACK/ of an input and an output file",
          .required = {"input-file", "output-file"},
          .options = {},
          .has_mixtures = false,
          .list = list_aligned,
          .open = open_aligned,
      },
      {
          .name = "sourcefolder",
          .layout = "train, valid: SOURCE/ of any number of files",
          .required = {"interferer-dirs", "target-dir"},
          .options = {"ext", "nb-train-samples", "nb-valid-samples", "source-augmentations"},
          .has_mixtures = false,
          .list = list_source_folder,
          .open = open_source_folder,
      },
      {
          .name = "trackfolder_fix",
          .layout = "train, valid: TRACK/ of files of fixed names",
          .required = {"target-file", "interferer-files"},
          .options = {"random-track-mix", "source-augmentations"},
          .has_mixtures = false,
          .list = list_track_folder_fix,
          .open = open_track_folder_fix,
      },
      {
          .name = "trackfolder_var",
          .layout = "train, valid: TRACK/ of the target's file and any number of others",
          .required = {"target-file"},
          .options = {"ext", "random-interferer-mix", "silence-missing", "source-augmentations"},
          .has_mixtures = false,
          .list = list_track_folder_var,
          .open = open_track_folder_var,
      },
  };
  return registry;
}

bool DatasetEntry::has(const std::string& option) const {
  const auto in = [&](const auto& names) { return std::find(names.begin(), names.end(), option) != names.end(); };
  return in(required) || in(options);
}

const DatasetEntry& find_dataset(const std::string& name) {
  std::vector<std::string> names;
  for (const DatasetEntry& entry : dataset_registry()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UsageError(fmt::format("--dataset {}: give one of {}", name, fmt::join(names, ", ")));
}

std::string target_of(const DatasetOptions& options) {
  if (!options.target.empty() || options.dataset == "musdb") return options.target;
  if (options.dataset == "sourcefolder") return std::filesystem::path(options.target_dir).filename().string();
  return std::filesystem::path(options.dataset == "aligned" ? options.output_file : options.target_file)
      .stem()
      .string();
}

std::string dataset_table_markdown() {
  std::string table = "| `--dataset` | below the root | needs | may have |\n|---|---|---|---|\n";
  const auto options = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += fmt::format("{}`--{}`", text.empty() ? "" : ", ", name);
    return text;
  };
  for (const DatasetEntry& entry : dataset_registry())
    table += fmt::format("| {} | {} | {} | {} |\n", entry.name, entry.layout, options(entry.required),
                         options(entry.options));
  return table;
}

}  // namespace unmix
