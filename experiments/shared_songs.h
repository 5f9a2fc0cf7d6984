// The songs of a study's runs, opened once for all runs that name the same.
#pragma once

#include <map>
#include <mutex>

#include "experiments/study.h"
#include "training/training_data.h"

namespace unmix {

class SharedSongs {
 public:
  TrainingData& in(const std::filesystem::path& cache_folder);

  // The songs that a run is scored on: of train, valid or test. The first that asks decodes them, others wait.
  DecodedTracks scored(const TrainOptions& options, const std::string& subset);

 private:
  std::mutex mutex_;
  std::map<std::filesystem::path, TrainingData> data_;  // by the folder of decoded audio
};

// Writes the demo's songs where the study wants them and has none. Several processes may.
void write_missing_songs(const Study& study);

}  // namespace unmix
