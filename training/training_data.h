// What runs on the same data share: the decoded tracks, and the statistics of the network's input, measured once for
// each setting. For any number of threads.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "data/track_store.h"
#include "layers/stft.h"
#include "training/options.h"

namespace unmix {

struct InputStatistics {
  std::vector<float> mean, deviation;  // per bin
};

class TrainingData {
 public:
  explicit TrainingData(std::filesystem::path cache_folder) : tracks_(std::move(cache_folder)) {}

  // Opens the data set that the options name, and decodes what was not decoded before.
  std::unique_ptr<Dataset> open(const TrainOptions& options);

  // Decoded tracks of MUSDB18, in their order.
  DecodedTracks open_tracks(const TrainOptions& options, const std::vector<Track>& tracks);

  // Over the data set's mixtures; measured by the first that asks, for whom others wait.
  InputStatistics statistics(const TrainOptions& options, const Dataset& dataset, const Stft& stft);

 private:
  TrackStore tracks_;
  std::mutex mutex_;
  std::map<std::string, InputStatistics> statistics_;  // by what they depend on
};

}  // namespace unmix
