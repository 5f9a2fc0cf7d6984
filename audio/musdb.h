// MUSDB18 and MUSDB18-HQ: train/ and test/ of *.stem.mp4 files, or of folders of five WAV files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "audio/audio.h"

namespace unmix {

// The order of sources in batches, models and reports.
inline const std::vector<std::string> musdb_sources = {"vocals", "drums", "bass", "other"};

// The sources whose sum a target is: a source itself, or of "accompaniment", as musdb and museval have it, all but the
// vocals, which of lossy stems is not quite the mixture without them. Throws for any other.
std::vector<std::string> musdb_sources_of(const std::string& target);

// The position in musdb_sources.
size_t musdb_index(const std::string& source);

// The streams of a .stem.mp4 in their order.
inline const std::vector<std::string> stem_streams = {"mixture", "drums", "bass", "other", "vocals"};

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

// The tracks of a folder such as <root>/test, sorted by name; none is opened. Throws for a missing folder and for one
// without tracks.
std::vector<std::filesystem::path> musdb_folder(const std::filesystem::path& folder, bool is_wav);

// Those of a subset; `valid` may be empty.
std::vector<std::filesystem::path> musdb_paths(const std::filesystem::path& root, Subset subset, bool is_wav);

// The folder's name, or that of the .stem.mp4 without its extension.
std::string musdb_name(const std::filesystem::path& track);

// mixture.wav of a track's folder, then the WAV file of each of musdb_sources. Throws where one is missing.
std::vector<std::filesystem::path> musdb_files(const std::filesystem::path& folder);

// The same signals of a .stem.mp4, 16 bits as musdb decodes it.
std::vector<Audio> read_musdb_stems(const std::filesystem::path& path);

// One track, its headers read and checked.
Track open_musdb_track(const std::filesystem::path& path, bool is_wav, int sample_rate = 44100);

// The tracks of a subset, their headers read and checked. Throws for a missing stem, unequal lengths, and a rate other
// than `sample_rate`.
std::vector<Track> musdb_tracks(const std::filesystem::path& root, Subset subset, bool is_wav, int sample_rate = 44100);

}  // namespace unmix
