#include "training/train.h"

#include <algorithm>
#include <thread>

#include "base/error.h"

#include "models/model_files.h"
#include "tensor/safetensors.h"
#include "training/progress.h"
#include "training/statistics.h"

namespace unmix {
namespace {

void say(const TrainOptions& options, const std::string& message) {
  if (!options.quiet) fmt::print(stderr, "{}\n", message);
}

DecodedTracks open_tracks(const TrainOptions& options, Subset subset) {
  const auto tracks = musdb_tracks(options.root, subset, options.is_wav);
  Progress progress("decoding", static_cast<int64_t>(tracks.size()), options.quiet);
  return decode_tracks(tracks, options.cache.empty() ? default_cache_folder() : options.cache,
                       static_cast<int>(std::max(1u, std::thread::hardware_concurrency())),
                       [&](size_t done, size_t) { progress.show(static_cast<int64_t>(done), ""); });
}

// The networks see mono mixtures of stereo tracks where one channel is asked for.
void check_channels(const TrainOptions& options, const Sampler& sampler) {
  check(sampler.channels() == options.nb_channels, "train",
        "the tracks in {} have {} channels, --nb-channels asks for {}", options.root.string(), sampler.channels(),
        options.nb_channels);
}

void measure_statistics(const TrainOptions& options, const Sampler& sampler, const Stft& stft, MaskNetwork& network) {
  SpectrumStatistics statistics;
  Progress progress("statistics", static_cast<int64_t>(sampler.tracks().size()), options.quiet);
  int64_t done = 0;
  for (const auto& track : sampler.tracks()) {
    statistics.add(validation_track(*track).mixture[0].to(options.device), stft);
    progress.show(++done, "");
  }
  network.set_input_statistics(statistics.mean(), statistics.deviation());
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
  if (options.joint()) return std::make_unique<JointOpenUnmix>(config, options.seed);
  return std::make_unique<OpenUnmix>(config, options.seed);
}

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, "train", "cannot make the output folder {}: {}", folder.string(), error.message());
}

}  // namespace

History train(const TrainOptions& options) {
  options.validate();
  set_precision(options.arithmetic());
  const Stft stft(options.nfft, options.nhop, options.device);
  SamplerOptions sampling{options.seq_dur, std::max(1, options.samples_per_track / options.reduce_samples),
                          parse_augmentations(options.source_augmentations), options.random_track_mix, options.seed};
  const Sampler sampler(open_tracks(options, Subset::train), sampling);
  for (const std::string& reason : sampler.left_out()) say(options, reason);
  check_channels(options, sampler);
  const DecodedTracks valid = open_tracks(options, Subset::valid);
  if (valid.empty())
    say(options,
        fmt::format("{} has no validation tracks: the training loss chooses the best epoch", options.root.string()));

  const auto network = make_network(options, sampler.sample_rate());
  make_output_folder(options.output);
  write_separator_json(options.output, {options.nfft, options.nhop, sampler.sample_rate(), options.nb_channels});
  const std::string name = options.model_name();
  if (!options.model.empty()) {
    const auto weights = options.model / (name + ".safetensors");
    network->load_state(read_safetensors(weights).tensors, weights.string(), true);
  } else if (options.checkpoint.empty()) {
    measure_statistics(options, sampler, stft, *network);
  }
  network->to(options.device);
  Trainer trainer(options, *network, stft, sampler, valid);
  if (!options.checkpoint.empty()) {
    const auto file = options.checkpoint / (name + ".chkpnt");
    trainer.resume(read_checkpoint(file), file.string());
  }
  trainer.run();
  return trainer.history();
}

}  // namespace unmix
