// Pairs of an input and an output file: <root>/train|valid/<track>/<input-file>, <output-file>, which may be patterns.
// Training: the same random excerpt of both, an epoch is each track once. Validation: the first seq_dur seconds.
#include "data/datasets.h"

#include "base/error.h"
#include "base/folder.h"
#include "data/folder_dataset.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

class Aligned : public FolderDataset {
 public:
  Aligned(const DatasetOptions& options, const Listing& listing, const OpenTracks& open)
      : FolderDataset(options, listing, open) {}

 private:
  static Sample pair(const Opened& track, int64_t start) {
    return {.targets = {{track.files[1].get(), start}},
            .mixture = Excerpt{track.files[0].get(), start},
            .name = track.name};
  }

  Sample draw(int64_t epoch, int64_t index) const override {
    SplitMix random = this->random(epoch, index);
    const Opened& track = train()[static_cast<size_t>(index)];
    return pair(track, random_start(track, random));
  }
  Whole validation_sample(int64_t index) const override {
    return {pair(valid().at(static_cast<size_t>(index)), 0), frames()};
  }
  Whole statistics_sample(int64_t index) const override {
    const Opened& track = train().at(static_cast<size_t>(index));
    return {pair(track, 0), track.frames};
  }
};

}  // namespace

Listing list_aligned(const DatasetOptions& options) {
  return list_folders(options, true, [&](const fs::path& folder) {
    ListedTrack track{folder.filename().string(),
                      {find_match(folder, options.input_file), find_match(folder, options.output_file)}};
    if (track.files[1].empty()) track.problem = fmt::format("it has no file '{}' (--output-file)", options.output_file);
    if (track.files[0].empty()) track.problem = fmt::format("it has no file '{}' (--input-file)", options.input_file);
    return track;
  });
}

std::unique_ptr<Dataset> open_aligned(const DatasetOptions& options, const OpenTracks& open) {
  return std::make_unique<Aligned>(options, list_aligned(options), open);
}

}  // namespace unmix
