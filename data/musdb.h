// MUSDB18 and MUSDB18-HQ: train/ and test/ of *.stem.mp4 files, or of folders of five WAV files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace unmix {

// The order of sources in batches, models and reports.
inline const std::vector<std::string> musdb_sources = {"vocals", "drums", "bass", "other"};

// A track on disk: the mixture and its sources, or one signal alone.
struct Track {
  std::string name;
  std::vector<std::filesystem::path> files;  // one .stem.mp4; the mixture's WAV, then one for each source; one signal
  int sample_rate = 0;                       // of one signal: that to resample to
  int channels = 0;
  int64_t frames = 0;  // of a .stem.mp4: by its header, up to a codec frame shorter than what is decoded

  double duration() const { return static_cast<double>(frames) / sample_rate; }  // seconds
};

enum class Subset { train, valid, test };

// The names of the validation tracks, which lie in train/: the lines of <root>/validation.txt where there is such a
// file, else MUSDB18's 14.
std::vector<std::string> validation_names(const std::filesystem::path& root);

// The paths of a subset's tracks, sorted by name. Throws for a missing or empty folder.
std::vector<std::filesystem::path> musdb_paths(const std::filesystem::path& root, Subset subset, bool is_wav);

// One track, its headers read and checked.
Track open_musdb_track(const std::filesystem::path& path, bool is_wav, int sample_rate = 44100);

// The tracks of a subset, sorted by name; headers are read and checked. Throws for a missing or empty folder, a
// missing stem, unequal lengths, and a rate other than `sample_rate`. `valid` may be empty.
std::vector<Track> musdb_tracks(const std::filesystem::path& root, Subset subset, bool is_wav, int sample_rate = 44100);

}  // namespace unmix
