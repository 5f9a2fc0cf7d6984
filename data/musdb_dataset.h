// MUSDB18 as Open-Unmix trains on it: for each source a random excerpt of a random track, augmented; the mixture is
// their sum. Validation: whole tracks with their own mixtures. Targets are the four sources in musdb_sources' order.
#pragma once

#include "data/dataset.h"

namespace unmix {

class MusdbDataset : public Dataset {
 public:
  // Tracks that are not longer than seq_dur are left out; throws if none remains or if rates or channels differ.
  // Without random_track_mix all sources of a sample are the same excerpt of one track.
  MusdbDataset(DecodedTracks train, DecodedTracks valid, const DatasetOptions& options);

  std::vector<std::string> contents() const override;
  int64_t samples_per_epoch() const override;
  int64_t validation_items() const override { return static_cast<int64_t>(valid_.size()); }
  int64_t statistics_items() const override { return static_cast<int64_t>(train_.size()); }
  const DecodedTracks& tracks() const { return train_; }

 private:
  Sample draw(int64_t epoch, int64_t index) const override;
  Whole validation_sample(int64_t index) const override;
  Whole statistics_sample(int64_t index) const override;

  DecodedTracks train_, valid_;
  int64_t samples_per_track_;
  bool mixes_tracks_;
  std::vector<Augmentation> augmentations_;
  uint64_t seed_;
};

}  // namespace unmix
