// What every data set gives to training: samples that depend on (seed, epoch, index) alone, validation items that are
// the same in every epoch, and mixtures without augmentation for the statistics of the network's input.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "data/excerpt.h"
#include "tensor/tensor.h"

namespace unmix {

// With the names and defaults of Open-Unmix's command line. Which of them a data set has: data/registry.h.
struct DatasetOptions {
  std::string dataset = "musdb";
  std::filesystem::path root;           // holds train/ and valid/, of MUSDB18 train/ and test/
  bool is_wav = false;                  // MUSDB18-HQ
  std::string input_file, output_file;  // names or patterns within a track's folder
  std::string target_dir, target_file;
  std::string target;  // of musdb a source; else a name in place of the file's or folder's
  std::vector<std::string> interferer_dirs, interferer_files;
  std::string ext = ".wav";  // how the names of a folder's audio files end
  int nb_train_samples = 1000, nb_valid_samples = 100;
  int samples_per_track = 64;
  int reduce_samples = 1;                // an epoch is 1 / reduce_samples of its samples
  std::optional<bool> random_track_mix;  // none: true of musdb alone
  bool random_interferer_mix = false;
  bool silence_missing = false;                                   // a missing target is silence
  std::optional<std::vector<Augmentation>> source_augmentations;  // none: gain channelswap of musdb alone
  double seq_dur = 6.0;                                           // seconds
  int nb_channels = 2;
  int sample_rate = 0;  // Hz that files are resampled to; 0: the rate of most files; musdb: 44100
  uint64_t seed = 42;

  std::vector<Augmentation> augmentations() const;
  bool mixes_tracks() const { return random_track_mix.value_or(dataset == "musdb"); }
};

struct Batch {
  Tensor mixture;                   // (batch, channels, frames)
  Tensor targets;                   // (sources, batch, channels, frames)
  std::vector<std::string> tracks;  // of each sample, for messages: "vocals: A, drums: B, ..."
  // Excerpts that belong to none of the above, of the same shapes (of the run's targets); undefined: there are none.
  Tensor unpaired_mixture = {}, unpaired_stems = {};
};

// What a sample is made of, before anything is read.
struct Sample {
  std::vector<Excerpt> targets = {};
  std::vector<Excerpt> others = {};     // in the mixture beside the targets
  std::optional<Excerpt> mixture = {};  // in place of the sum of all these
  std::string name = {};                // as Batch::tracks
};

// Decodes tracks, or finds them decoded.
using OpenTracks = std::function<DecodedTracks(const std::vector<Track>&)>;

class Dataset {
 public:
  virtual ~Dataset() = default;

  int64_t frames() const { return frames_; }  // of a training sample
  int channels() const { return channels_; }
  int sample_rate() const { return sample_rate_; }
  // One line with the reason for each track that is not used, and for each that hardly is as meant.
  const std::vector<std::string>& left_out() const { return left_out_; }

  // "train/NAME, 705600 frames" in UTF-8 for each track that samples come from: what the bits of a run depend on.
  virtual std::vector<std::string> contents() const = 0;
  virtual int64_t samples_per_epoch() const = 0;
  virtual int64_t validation_items() const = 0;  // 0: nothing to validate on
  virtual int64_t statistics_items() const = 0;
  int64_t validation_frames(int64_t index) const { return validation_sample(index).frames; }

  // Samples first .. first + count of an epoch. May be called from several threads at once, as all that follow.
  Batch batch(int64_t epoch, int64_t first, int64_t count) const;
  // A batch of one.
  Batch validation(int64_t index) const;
  // A mixture of the training set without augmentation or mixing of tracks, (channels, samples).
  Tensor statistics_mixture(int64_t index) const;

 protected:
  // Throws for excerpts shorter than a sample.
  Dataset(const DatasetOptions& options, int sample_rate);

  struct Whole {
    Sample sample;
    int64_t frames;
  };
  virtual Sample draw(int64_t epoch, int64_t index) const = 0;
  virtual Whole validation_sample(int64_t index) const = 0;
  virtual Whole statistics_sample(int64_t index) const = 0;

  static std::string content(bool training, const std::string& track, int64_t frames);

  std::vector<std::string> left_out_;

 private:
  // Target k goes to targets + k * stride, all of (channels, frames).
  void read(const Sample& sample, int64_t frames, float* mixture, float* targets, int64_t stride) const;

  int sample_rate_, channels_;
  int64_t frames_;
};

}  // namespace unmix
