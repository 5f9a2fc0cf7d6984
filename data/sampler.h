// Training samples as Open-Unmix draws them: for each source a random excerpt of a random track, augmented; the mixture
// is their sum. A sample depends on (seed, epoch, index) alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/cache.h"
#include "tensor/tensor.h"

namespace unmix {

enum class Augmentation {
  gain,         // one factor per source, uniform in 0.25 .. 1.25
  channelswap,  // left and right of a stereo source exchanged with probability 0.5
};

// "gain", "channelswap"; throws UsageError for another name.
std::vector<Augmentation> parse_augmentations(const std::vector<std::string>& names);

struct Batch {
  Tensor mixture;                   // (batch, channels, frames)
  Tensor targets;                   // (sources, batch, channels, frames), in the order of musdb_sources
  std::vector<std::string> tracks;  // of each sample, for messages: "vocals: A, drums: B, ..."
};

struct SamplerOptions {
  double seq_duration = 6.0;  // seconds
  int samples_per_track = 64;
  std::vector<Augmentation> augmentations = {Augmentation::gain, Augmentation::channelswap};
  bool random_track_mix = true;  // false: all sources from the same excerpt of one track
  uint64_t seed = 42;
};

class Sampler {
 public:
  // Tracks that are not longer than seq_duration are left out; throws if none remains or if rates or channels differ.
  Sampler(DecodedTracks tracks, const SamplerOptions& options);

  int64_t samples_per_epoch() const;
  int64_t frames() const { return frames_; }  // of a sample
  int channels() const { return tracks_[0]->channels(); }
  int sample_rate() const { return tracks_[0]->sample_rate(); }
  const DecodedTracks& tracks() const { return tracks_; }
  // One line with the reason for each track that is not used.
  const std::vector<std::string>& left_out() const { return left_out_; }

  // Samples first .. first + count of an epoch. May be called from several threads at once.
  Batch batch(int64_t epoch, int64_t first, int64_t count) const;

 private:
  struct Excerpt {
    const DecodedTrack* track;
    int64_t start;
    float gain;
    bool swap;
  };
  std::vector<Excerpt> draw(int64_t epoch, int64_t index) const;  // one for each source

  DecodedTracks tracks_;
  SamplerOptions options_;
  int64_t frames_ = 0;
  std::vector<std::string> left_out_;
};

// A whole track as a batch of one, with its own mixture: what validation scores.
Batch validation_track(const DecodedTrack& track);

}  // namespace unmix
