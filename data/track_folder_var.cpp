// A folder for each track with any number of sources: <root>/train|valid/<track>/*<ext>, among them <target-file>; the
// mixture is the sum of all, so none of the files may be a mixture. Training: the same random excerpt of all, each
// track once an epoch; with random_interferer_mix the interferers are those of another track, at a place of their own;
// with silence_missing a track without the target has silence for it. Validation: whole tracks.
#include "data/datasets.h"

#include "base/error.h"
#include "base/folder.h"
#include "data/folder_dataset.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

class TrackFolderVar : public FolderDataset {
 public:
  TrackFolderVar(const DatasetOptions& options, const Listing& listing, const OpenTracks& open)
      : FolderDataset(options, listing, open), mixes_interferers_(options.random_interferer_mix) {}

 private:
  // The files of a track, the target first: silence where it is missing.
  static Sample sources_of(const Opened& target, int64_t target_start, const Opened& others, int64_t start) {
    Sample sample{.name = target.name};
    sample.targets.push_back(target.has_target ? Excerpt{target.files[0].get(), target_start} : Excerpt{});
    for (size_t k = others.has_target ? 1 : 0; k < others.files.size(); ++k)
      sample.others.push_back({others.files[k].get(), start});
    if (&others != &target) sample.name += " with the other sources of " + others.name;
    return sample;
  }

  Sample draw(int64_t epoch, int64_t index) const override {
    SplitMix random = this->random(epoch, index);
    const Opened& target = train()[static_cast<size_t>(index)];
    const int64_t start = random_start(target, random);
    const Opened* others = &target;
    int64_t others_start = start;
    if (mixes_interferers_) {
      others = &train()[static_cast<size_t>(random.below(samples_per_epoch()))];
      others_start = random_start(*others, random);
    }
    Sample sample = sources_of(target, start, *others, others_start);
    for (auto* excerpts : {&sample.targets, &sample.others})
      for (Excerpt& excerpt : *excerpts)
        if (excerpt.track != nullptr) augment(excerpt, augmentations(), random);
    return sample;
  }

  static Whole whole(const Opened& track) { return {sources_of(track, 0, track, 0), track.frames}; }
  Whole validation_sample(int64_t index) const override { return whole(valid().at(static_cast<size_t>(index))); }
  Whole statistics_sample(int64_t index) const override { return whole(train().at(static_cast<size_t>(index))); }

  bool mixes_interferers_;
};

ListedTrack list_track(const fs::path& folder, const DatasetOptions& options) {
  ListedTrack track{folder.filename().string()};
  const fs::path target = find_file(folder, options.target_file);
  track.has_target = !target.empty();
  if (track.has_target) track.files.push_back(target);
  for (const fs::path& file : files_of(folder, options.ext))
    if (file != target) track.files.push_back(file);
  if (!track.has_target && !options.silence_missing)
    track.problem = fmt::format("it has no file '{}'; --silence-missing takes silence for it", options.target_file);
  else if (track.files.empty())
    track.problem = fmt::format("it has no files '*{}' (--ext)", options.ext);
  if (track.has_target && track.files.size() == 1)
    track.doubt = fmt::format("no file '*{}' (--ext) beside '{}': its mixture is the target alone", options.ext,
                              options.target_file);
  return track;
}

}  // namespace

Listing list_track_folder_var(const DatasetOptions& options) {
  return list_folders(options, false, [&](const fs::path& folder) { return list_track(folder, options); });
}

std::unique_ptr<Dataset> open_track_folder_var(const DatasetOptions& options, const OpenTracks& open) {
  return std::make_unique<TrackFolderVar>(options, list_track_folder_var(options), open);
}

}  // namespace unmix
