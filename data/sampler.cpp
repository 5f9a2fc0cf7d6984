#include "data/sampler.h"

#include <algorithm>

#include "base/error.h"
#include "data/split_mix.h"

namespace unmix {
std::vector<Augmentation> parse_augmentations(const std::vector<std::string>& names) {
  std::vector<Augmentation> augmentations;
  for (const std::string& name : names) {
    if (name == "gain") {
      augmentations.push_back(Augmentation::gain);
    } else if (name == "channelswap") {
      augmentations.push_back(Augmentation::channelswap);
    } else {
      throw UsageError(fmt::format("[data] unknown source augmentation '{}': gain or channelswap", name));
    }
  }
  return augmentations;
}

Sampler::Sampler(DecodedTracks tracks, const SamplerOptions& options) : options_(options) {
  check(!tracks.empty(), "data", "there are no tracks to train on");
  check(options.samples_per_track > 0, "data", "samples per track are {}, at least 1 is needed",
        options.samples_per_track);
  const DecodedTrack& first = *tracks[0];
  frames_ = static_cast<int64_t>(options.seq_duration * first.sample_rate());
  check(frames_ > 0, "data", "excerpts of {} s are shorter than one sample", options.seq_duration);
  for (const auto& track : tracks) {
    check(track->sample_rate() == first.sample_rate() && track->channels() == first.channels(), "data",
          "track '{}' has {} channels at {} Hz, track '{}' has {} at {} Hz", track->name(), track->channels(),
          track->sample_rate(), first.name(), first.channels(), first.sample_rate());
    if (track->frames() > frames_) {
      tracks_.push_back(track);
    } else {
      left_out_.push_back(fmt::format("track '{}' is left out: its {:.2f} s are not longer than excerpts of {:.2f} s",
                                      track->name(), static_cast<double>(track->frames()) / track->sample_rate(),
                                      options.seq_duration));
    }
  }
  check(!tracks_.empty(), "data", "no track is longer than excerpts of {} s; the first, '{}', has {:.2f} s",
        options.seq_duration, first.name(), static_cast<double>(first.frames()) / first.sample_rate());
}

int64_t Sampler::samples_per_epoch() const { return static_cast<int64_t>(tracks_.size()) * options_.samples_per_track; }

std::vector<Sampler::Excerpt> Sampler::draw(int64_t epoch, int64_t index) const {
  SplitMix random(options_.seed, static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
  std::vector<Excerpt> excerpts;
  for (size_t k = 0; k < musdb_sources.size(); ++k) {
    Excerpt excerpt{tracks_[static_cast<size_t>(index / options_.samples_per_track)].get(), 0, 1, false};
    if (options_.random_track_mix) {
      excerpt.track = tracks_[static_cast<size_t>(random.below(static_cast<int64_t>(tracks_.size())))].get();
    }
    const bool own_start = options_.random_track_mix || k == 0;
    excerpt.start = own_start ? random.below(excerpt.track->frames() - frames_) : excerpts[0].start;
    for (const Augmentation augmentation : options_.augmentations) {
      const double drawn = random.uniform();
      if (augmentation == Augmentation::gain) excerpt.gain *= static_cast<float>(0.25 + drawn);
      if (augmentation == Augmentation::channelswap && drawn < 0.5 && channels() == 2) excerpt.swap = !excerpt.swap;
    }
    excerpts.push_back(excerpt);
  }
  return excerpts;
}

Batch Sampler::batch(int64_t epoch, int64_t first, int64_t count) const {
  check(first >= 0 && count > 0 && first + count <= samples_per_epoch(), "data",
        "samples {} to {} asked for, an epoch has {}", first, first + count, samples_per_epoch());
  const auto sources = static_cast<int64_t>(musdb_sources.size());
  Batch batch{Tensor::empty({count, channels(), frames_}), Tensor::empty({sources, count, channels(), frames_}), {}};
  const int64_t size = channels() * frames_;
  for (int64_t b = 0; b < count; ++b) {
    const std::vector<Excerpt> excerpts = draw(epoch, first + b);
    float* mixture = batch.mixture.data() + b * size;
    std::fill_n(mixture, size, 0.0F);
    std::string names;
    for (int64_t k = 0; k < sources; ++k) {
      const Excerpt& excerpt = excerpts[static_cast<size_t>(k)];
      float* target = batch.targets.data() + (k * count + b) * size;
      excerpt.track->read(static_cast<int>(1 + k), excerpt.start, frames_, target, excerpt.gain, excerpt.swap);
      for (int64_t i = 0; i < size; ++i) mixture[i] += target[i];
      names +=
          fmt::format("{}{}: {}", k == 0 ? "" : ", ", musdb_sources[static_cast<size_t>(k)], excerpt.track->name());
    }
    batch.tracks.push_back(std::move(names));
  }
  return batch;
}

Batch validation_track(const DecodedTrack& track) {
  const auto sources = static_cast<int64_t>(musdb_sources.size());
  Batch batch{Tensor::empty({1, track.channels(), track.frames()}),
              Tensor::empty({sources, 1, track.channels(), track.frames()}),
              {track.name()}};
  track.read(0, 0, track.frames(), batch.mixture.data());
  const int64_t size = batch.mixture.size();
  for (int64_t k = 0; k < sources; ++k) {
    track.read(static_cast<int>(1 + k), 0, track.frames(), batch.targets.data() + k * size);
  }
  return batch;
}

}  // namespace unmix
