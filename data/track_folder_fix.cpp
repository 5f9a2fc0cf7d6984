// A folder for each track with files of fixed names: <root>/train|valid/<track>/<target-file>, <interferer-files>. The
// mixture is their sum. Training: the same random excerpt of all, each track once an epoch; with random_track_mix each
// interferer comes from a track and place of its own. Validation: whole tracks.
#include "data/datasets.h"

#include "base/error.h"
#include "base/folder.h"
#include "data/folder_dataset.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

class TrackFolderFix : public FolderDataset {
 public:
  TrackFolderFix(const DatasetOptions& options, const Listing& listing, const OpenTracks& open)
      : FolderDataset(options, listing, open), mixes_tracks_(options.mixes_tracks()) {}

 private:
  Sample draw(int64_t epoch, int64_t index) const override {
    SplitMix random = this->random(epoch, index);
    const Opened* track = &train()[static_cast<size_t>(index)];
    int64_t start = random_start(*track, random);
    Sample sample;
    const size_t files = track->files.size();
    for (size_t k = 0; k < files; ++k) {
      if (k > 0 && mixes_tracks_) {
        track = &train()[static_cast<size_t>(random.below(samples_per_epoch()))];
        start = random_start(*track, random);
      }
      Excerpt excerpt{track->files[k].get(), start};
      augment(excerpt, augmentations(), random);
      (k == 0 ? sample.targets : sample.others).push_back(excerpt);
      sample.name += fmt::format("{}{}: {}", k == 0 ? "" : ", ", track->files[k]->name(), track->name);
    }
    return sample;
  }

  static Whole whole(const Opened& track) {
    Sample sample{.name = track.name};
    for (size_t k = 0; k < track.files.size(); ++k)
      (k == 0 ? sample.targets : sample.others).push_back({track.files[k].get()});
    return {sample, track.frames};
  }
  Whole validation_sample(int64_t index) const override { return whole(valid().at(static_cast<size_t>(index))); }
  Whole statistics_sample(int64_t index) const override { return whole(train().at(static_cast<size_t>(index))); }

  bool mixes_tracks_;
};

}  // namespace

Listing list_track_folder_fix(const DatasetOptions& options) {
  return list_folders(options, false, [&](const fs::path& folder) {
    ListedTrack track{folder.filename().string()};
    const auto add = [&](const std::string& name) {
      track.files.push_back(find_file(folder, name));
      if (track.problem.empty() && track.files.back().empty()) track.problem = fmt::format("it has no file '{}'", name);
    };
    add(options.target_file);
    for (const std::string& name : options.interferer_files) add(name);
    return track;
  });
}

std::unique_ptr<Dataset> open_track_folder_fix(const DatasetOptions& options, const OpenTracks& open) {
  return std::make_unique<TrackFolderFix>(options, list_track_folder_fix(options), open);
}

}  // namespace unmix
