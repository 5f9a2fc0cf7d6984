// What runs on the same data share: the decoded tracks, and the statistics of the network's input, measured once for
// each setting. For any number of threads.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "data/track_store.h"
#include "training/input_statistics.h"
#include "training/options.h"

namespace unmix {

// The options with the rate of the model that a run starts from or goes on with, to which its files are brought.
TrainOptions with_model_rate(TrainOptions options);

// Throws where the run's transforms do not fit the data set's excerpts, validation tracks or rate.
void check_transforms(const TrainOptions& options, const Dataset& dataset);

class TrainingData {
 public:
  explicit TrainingData(std::filesystem::path cache_folder) : tracks_(std::move(cache_folder)) {}

  // Opens the data set that the options name, decodes what was not decoded before and checks the transforms.
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
