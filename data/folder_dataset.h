// What data sets of folders share: their tracks are files of one signal each, at one rate, and they have one target.
#pragma once

#include "data/listing.h"

namespace unmix {

class FolderDataset : public Dataset {
 public:
  std::vector<std::string> contents() const override;
  // Each track once.
  int64_t samples_per_epoch() const override { return static_cast<int64_t>(train_.size()); }
  int64_t validation_items() const override { return static_cast<int64_t>(valid_.size()); }
  int64_t statistics_items() const override { return samples_per_epoch(); }

 protected:
  struct Opened {
    std::string name;
    DecodedTracks files;
    int64_t frames;  // of the shortest
    size_t source;
    bool has_target;
  };

  // Decodes the usable tracks. Throws where there is none to train on, and where there are validation tracks but none
  // usable.
  FolderDataset(const DatasetOptions& options, const Listing& listing, const OpenTracks& open);

  const std::vector<Opened>& train() const { return train_; }
  const std::vector<Opened>& valid() const { return valid_; }
  const std::vector<Augmentation>& augmentations() const { return augmentations_; }

  // The generator of a training sample.
  SplitMix random(int64_t epoch, int64_t index) const {
    return SplitMix(seed_, static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
  }
  // Where an excerpt begins.
  int64_t random_start(const Opened& track, SplitMix& random) const { return random.below(track.frames - frames()); }

 private:
  std::vector<Opened> open_split(const DatasetOptions& options, const Listing& listing, bool training,
                                 const OpenTracks& open);

  std::vector<Augmentation> augmentations_;
  uint64_t seed_;
  std::vector<Opened> train_, valid_;
};

}  // namespace unmix
