#include "experiments/shared_songs.h"

#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "data/demo_songs.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

Subset subset_of(const std::string& name) {
  return name == "train" ? Subset::train : name == "valid" ? Subset::valid : Subset::test;
}

}  // namespace

TrainingData& SharedSongs::in(const fs::path& cache_folder) {
  const std::lock_guard lock(mutex_);
  return data_.try_emplace(cache_folder, cache_folder).first->second;
}

DecodedTracks SharedSongs::scored(const TrainOptions& options, const std::string& subset) {
  const auto tracks = musdb_tracks(options.root, subset_of(subset), options.is_wav);
  check(!tracks.empty(), "experiments", "{} has no {} songs to score", options.root.string(), subset);
  return in(options.cache_folder()).open_tracks(options, tracks);
}

// Into a folder of this process's own, which then takes the name: whoever comes second finds the songs there.
void write_missing_songs(const Study& study) {
  const fs::path songs = study.output / "songs";
  if (study.demo_songs.empty() || fs::exists(songs)) return;
  make_folder("experiments", study.output);
  const fs::path own = study.output / fmt::format(".songs-{}", ::getpid());
  write_demo_songs(own, study.demo_songs == "tiny" ? DemoSize::tiny : DemoSize::full);
  std::error_code error;
  fs::rename(own, songs, error);
  if (!error) return;
  fs::remove_all(own);
  check(fs::exists(songs), "experiments", "cannot make the folder {}: {}", songs.string(), error.message());
}

}  // namespace unmix
