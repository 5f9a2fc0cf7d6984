#include "training/train.h"

#include <set>

#include "base/error.h"
#include "base/folder.h"
#include "models/model_files.h"
#include "training/warm_start.h"

namespace unmix {
namespace {

void say(const TrainOptions& options, const std::string& message) {
  if (!options.quiet) fmt::print(stderr, "{}{}\n", options.label, message);
}

std::unique_ptr<MaskNetwork> make_network(const TrainOptions& options, int sample_rate) {
  NetworkConfig config;
  config.bins = options.nfft / 2 + 1;
  config.max_bin = max_bin_of(sample_rate, options.nfft, options.bandwidth);
  config.channels = options.nb_channels;
  config.hidden = options.hidden_size;
  config.layers = options.nb_layers;
  config.unidirectional = options.unidirectional;
  config.dropout = options.dropout;
  return options.model_entry().make(config, options.seed);
}

// Null where neither mixtures nor stems are given.
std::unique_ptr<UnpairedData> open_unpaired(const TrainOptions& options, const Dataset& dataset) {
  if (options.unpaired_mixtures.empty() && options.unpaired_stems.empty()) return nullptr;
  auto data = std::make_unique<UnpairedData>(
      UnpairedOptions{options.unpaired_mixtures, options.unpaired_stems, options.targets(), options.cache_folder(),
                      dataset.sample_rate(), options.nb_channels, dataset.frames(), options.seed});
  for (const std::string& reason : data->left_out()) say(options, reason);
  return data;
}

void square(InputStatistics& statistics) {
  for (auto* values : {&statistics.mean, &statistics.deviation})
    for (float& value : *values) value *= value;
}

// The names of the models that a folder holds: "vocals" of vocals.chkpnt, vocals.safetensors or vocals.pth.
std::set<std::string> models_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  if (!is_folder(folder)) return names;
  for (const auto& file : files_in(folder))
    for (const char* extension : {".chkpnt", ".safetensors", ".pth"})
      if (file.extension() == extension) names.insert(file.stem().string());
  return names;
}

// A model that is there already stays unless it is resumed or may go.
void check_output(const TrainOptions& options) {
  const std::string name = options.model_name(), folder = options.output.string();
  if (options.overwrite || !models_in(options.output).contains(name)) return;
  std::error_code error;
  if (!options.checkpoint.empty() && std::filesystem::equivalent(options.checkpoint, options.output, error)) return;
  throw UsageError(fmt::format(
      "{} holds a model '{}' already: --checkpoint {} goes on with it, --overwrite replaces it", folder, name, folder));
}

// All models of a folder are separated with the settings of its separator.json.
void check_settings(const TrainOptions& options, const SeparatorConfig& settings) {
  std::set<std::string> others = models_in(options.output);
  others.erase(options.model_name());
  if (others.empty() || !is_file(options.output / "separator.json")) return;
  const SeparatorConfig there = read_separator_json(options.output);
  const auto text = [](const SeparatorConfig& s) {
    return fmt::format("{} Hz, {} channels, --nfft {} and --nhop {}", s.sample_rate, s.channels, s.n_fft, s.hop);
  };
  check(there == settings, "train", "{} holds models of {} ({}), this run has {}: give another --output",
        options.output.string(), text(there), fmt::join(others, ", "), text(settings));
}

std::unique_ptr<Dataset> open_dataset(const TrainOptions& options, TrainingData& data) {
  auto dataset = data.open(with_model_rate(options));
  for (const std::string& reason : dataset->left_out()) say(options, reason);
  if (dataset->validation_items() == 0)
    say(options,
        fmt::format("{} has no validation tracks: the training loss chooses the best epoch", options.root.string()));
  return dataset;
}

}  // namespace

History train(const TrainOptions& options) {
  options.validate();
  TrainingData data(options.cache_folder());
  return train(options, data);
}

History train(const TrainOptions& options, TrainingData& data) {
  options.validate();
  check_output(options);
  const PrecisionScope precision(options.precision);
  const LstmEngineScope lstm_engine(options.lstm_engine);
  const Stft stft(options.nfft, options.nhop, options.device);
  const auto dataset = open_dataset(options, data);
  const auto unpaired = open_unpaired(options, *dataset);
  const auto network = make_network(options, dataset->sample_rate());
  const SeparatorConfig settings{options.nfft, options.nhop, dataset->sample_rate(), options.nb_channels};
  check_settings(options, settings);
  make_folder("train", options.output);
  write_separator_json(options.output, settings);
  const std::string name = options.model_name();
  if (!options.model.empty()) {
    load_warm_start(options, *network);
  } else if (options.checkpoint.empty()) {
    InputStatistics statistics = data.statistics(options, *dataset, stft);
    if (options.loss.squared_statistics()) square(statistics);
    network->set_input_statistics(statistics.mean, statistics.deviation);
  }
  network->to(options.device);
  Trainer trainer(options, *network, stft, *dataset, unpaired.get());
  if (!options.checkpoint.empty()) {
    const auto file = options.checkpoint / (name + ".chkpnt");
    trainer.resume(read_checkpoint(file), file.string());
  }
  trainer.run();
  return trainer.history();
}

}  // namespace unmix
