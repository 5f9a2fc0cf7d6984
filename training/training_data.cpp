#include "training/training_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "models/mask_network.h"
#include "models/model_files.h"
#include "training/input_statistics.h"
#include "training/option_table.h"

namespace unmix {
namespace {

InputStatistics measure(const TrainOptions& options, const Dataset& dataset, const Stft& stft) {
  SpectrumStatistics statistics;
  const int64_t items = dataset.statistics_items();
  Progress progress("statistics", items, !options.shows_progress());
  for (int64_t index = 0; index < items; ++index) {
    stop_if_interrupted();
    statistics.add(dataset.statistics_mixture(index).to(options.device), stft);
    progress.show(index + 1, "");
  }
  return {statistics.mean(), statistics.deviation()};
}

// The options of the data set, of which most decide its mixtures, and the transform.
std::string statistics_key(const TrainOptions& options, const Dataset& dataset, const Stft& stft) {
  std::string key = fmt::format("{} {} {} {} {} ", stft.n_fft(), stft.hop(), name(options.device), dataset.channels(),
                                dataset.sample_rate());
  const nlohmann::json record = to_json(options);
  for (const TrainOption& option : train_option_table()) {
    std::string field(option.name);
    std::replace(field.begin(), field.end(), '-', '_');
    if (option.group == kDataGroup || option.group == kFolderGroup) key += record.at(field).dump() + " ";
  }
  return key;
}

}  // namespace

TrainOptions with_model_rate(TrainOptions options) {
  const auto& folder = options.model.empty() ? options.checkpoint : options.model;
  if (!folder.empty() && std::filesystem::exists(folder / "separator.json"))
    options.sample_rate = read_separator_json(folder).sample_rate;
  return options;
}

void check_transforms(const TrainOptions& options, const Dataset& dataset) {
  check(options.sample_rate == 0 || dataset.sample_rate() == options.sample_rate, "data",
        "the model that the run starts from is at {} Hz, the tracks in {} are at {} Hz", options.sample_rate,
        options.root.string(), dataset.sample_rate());
  static_cast<void>(max_bin_of(dataset.sample_rate(), options.nfft, options.bandwidth));
  const int64_t least = options.nfft / 2 + 1;
  check(dataset.frames() >= least, "data", "excerpts of {} s have {} samples at {} Hz; --nfft {} needs {} or more",
        options.seq_dur, dataset.frames(), dataset.sample_rate(), options.nfft, least);
  for (int64_t i = 0; i < dataset.validation_items(); ++i)
    check(dataset.validation_frames(i) >= least, "data",
          "validation track {} of {} has {} samples; --nfft {} needs {} or more", i + 1, dataset.validation_items(),
          dataset.validation_frames(i), options.nfft, least);
}

std::unique_ptr<Dataset> TrainingData::open(const TrainOptions& options) {
  auto dataset = find_dataset(options.dataset).open(options, [&](const std::vector<Track>& tracks) {
    return open_tracks(options, tracks);
  });
  check_transforms(options, *dataset);
  return dataset;
}

DecodedTracks TrainingData::open_tracks(const TrainOptions& options, const std::vector<Track>& tracks) {
  std::optional<Progress> progress;
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return tracks_.open(tracks, threads, [&](size_t done, size_t total) {
    stop_if_interrupted();
    if (!progress) progress.emplace("decoding", static_cast<int64_t>(total), !options.shows_progress());
    progress->show(static_cast<int64_t>(done), "");
  });
}

InputStatistics TrainingData::statistics(const TrainOptions& options, const Dataset& dataset, const Stft& stft) {
  const std::string key = statistics_key(options, dataset, stft);
  const std::lock_guard lock(mutex_);
  const auto found = statistics_.find(key);
  if (found != statistics_.end()) return found->second;
  return statistics_.emplace(key, measure(options, dataset, stft)).first->second;
}

}  // namespace unmix
