#include "data/musdb_dataset.h"

#include <algorithm>

#include "base/error.h"
#include "data/datasets.h"

namespace unmix {
namespace {

void check_alike(const DecodedTrack& track, const DecodedTrack& first) {
  check(track.sample_rate() == first.sample_rate() && track.channels() == first.channels(), "data",
        "track '{}' has {} channels at {} Hz, track '{}' has {} at {} Hz", track.name(), track.channels(),
        track.sample_rate(), first.name(), first.channels(), first.sample_rate());
}

void check_channels(const DecodedTrack& track, const DatasetOptions& options) {
  const auto augmentations = options.augmentations();
  const bool stereo =
      std::find(augmentations.begin(), augmentations.end(), Augmentation::force_stereo) != augmentations.end();
  check(options.nb_channels == 1 || options.nb_channels == track.channels() || stereo, "data",
        "the tracks in {} have {} channel{}, --nb-channels asks for {}", options.root.string(), track.channels(),
        track.channels() == 1 ? "" : "s", options.nb_channels);
}

const DecodedTrack& first_of(const DecodedTracks& tracks) {
  check(!tracks.empty(), "data", "there are no tracks to train on");
  return *tracks[0];
}

void list_subset(std::vector<ListedTrack>& tracks, const DatasetOptions& options, Subset subset) {
  for (const auto& path : musdb_paths(options.root, subset, options.is_wav)) {
    ListedTrack listed{path.filename().string()};
    try {
      const Track track = open_musdb_track(path, options.is_wav);
      listed.name = track.name;
      listed.files = track.files;
      listed.frames = track.frames;
      listed.infos = {audio_info(track.files[0])};
      if (subset == Subset::train && track.duration() <= options.seq_dur)
        listed.problem = fmt::format("its {:.2f} s are not longer than excerpts of {:.2f} s (--seq-dur)",
                                     track.duration(), options.seq_dur);
    } catch (const Error& error) {
      listed.problem = error.what();
    }
    tracks.push_back(std::move(listed));
  }
}

}  // namespace

Listing list_musdb(const DatasetOptions& options) {
  Listing listing{44100, {}, {}};
  list_subset(listing.train, options, Subset::train);
  list_subset(listing.valid, options, Subset::valid);
  return listing;
}

std::unique_ptr<Dataset> open_musdb(const DatasetOptions& options, const OpenTracks& open) {
  const auto tracks = [&](Subset subset) { return open(musdb_tracks(options.root, subset, options.is_wav)); };
  DecodedTracks train = tracks(Subset::train), valid = tracks(Subset::valid);
  return std::make_unique<MusdbDataset>(std::move(train), std::move(valid), options);
}

MusdbDataset::MusdbDataset(DecodedTracks train, DecodedTracks valid, const DatasetOptions& options)
    : Dataset(options, first_of(train).sample_rate()),
      valid_(std::move(valid)),
      samples_per_track_(std::max(1, options.samples_per_track / options.reduce_samples)),
      mixes_tracks_(options.mixes_tracks()),
      augmentations_(options.augmentations()),
      seed_(options.seed) {
  const DecodedTrack& first = *train[0];
  check_channels(first, options);
  for (const auto& track : valid_) check_alike(*track, first);
  for (const auto& track : train) {
    check_alike(*track, first);
    if (track->frames() > frames()) {
      train_.push_back(track);
    } else {
      left_out_.push_back(fmt::format("track '{}' is left out: its {:.2f} s are not longer than excerpts of {:.2f} s",
                                      track->name(), static_cast<double>(track->frames()) / track->sample_rate(),
                                      options.seq_dur));
    }
  }
  check(!train_.empty(), "data", "no track is longer than excerpts of {} s; the first, '{}', has {:.2f} s",
        options.seq_dur, first.name(), static_cast<double>(first.frames()) / first.sample_rate());
}

std::vector<std::string> MusdbDataset::contents() const {
  std::vector<std::string> list;
  for (const DecodedTracks* tracks : {&train_, &valid_})
    for (const auto& track : *tracks) list.push_back(content(tracks == &train_, track->name(), track->frames()));
  return list;
}

int64_t MusdbDataset::samples_per_epoch() const { return static_cast<int64_t>(train_.size()) * samples_per_track_; }

Sample MusdbDataset::draw(int64_t epoch, int64_t index) const {
  SplitMix random(seed_, static_cast<uint64_t>(epoch), static_cast<uint64_t>(index));
  Sample sample;
  for (size_t k = 0; k < musdb_sources.size(); ++k) {
    Excerpt excerpt{train_[static_cast<size_t>(index / samples_per_track_)].get()};
    if (mixes_tracks_)
      excerpt.track = train_[static_cast<size_t>(random.below(static_cast<int64_t>(train_.size())))].get();
    const bool own_start = mixes_tracks_ || k == 0;
    excerpt.start = own_start ? random.below(excerpt.track->frames() - frames()) : sample.targets[0].start;
    excerpt.part = static_cast<int>(1 + k);
    augment(excerpt, augmentations_, random);
    sample.name += fmt::format("{}{}: {}", k == 0 ? "" : ", ", musdb_sources[k], excerpt.track->name());
    sample.targets.push_back(excerpt);
  }
  return sample;
}

Dataset::Whole MusdbDataset::validation_sample(int64_t index) const {
  const DecodedTrack& track = *valid_.at(static_cast<size_t>(index));
  Sample sample{.mixture = Excerpt{&track}, .name = track.name()};
  for (size_t k = 0; k < musdb_sources.size(); ++k) sample.targets.push_back({&track, 0, static_cast<int>(1 + k)});
  return {sample, track.frames()};
}

Dataset::Whole MusdbDataset::statistics_sample(int64_t index) const {
  const DecodedTrack& track = *train_.at(static_cast<size_t>(index));
  return {{.mixture = Excerpt{&track}, .name = track.name()}, track.frames()};
}

}  // namespace unmix
