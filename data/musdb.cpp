#include "data/musdb.h"

#include <algorithm>
#include <sstream>

#include "audio/audio.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// As in musdb's configuration mus.yaml.
const std::vector<std::string> musdb_validation = {
    "Actions - One Minute Smile",
    "Clara Berry And Wooldog - Waltz For My Victims",
    "Johnny Lokke - Promises & Lies",
    "Patrick Talbot - A Reason To Leave",
    "Triviul - Angelsaint",
    "Alexander Ross - Goodbye Bolero",
    "Fergessen - Nos Palpitants",
    "Leaf - Summerghost",
    "Skelpolu - Human Mistakes",
    "Young Griffo - Pennies",
    "ANiMAL - Rockshow",
    "James May - On The Line",
    "Meaxic - Take A Step",
    "Traffic Experiment - Sirens",
};

std::string track_name(const fs::path& path, bool is_wav) {
  const std::string name = path.filename().string();
  return is_wav ? name : name.substr(0, name.size() - std::string_view(".stem.mp4").size());
}

Track open_stem_track(const fs::path& path) {
  const AudioInfo info = audio_info(path);
  return {track_name(path, false), {path}, info.sample_rate, info.channels, info.frames};
}

Track open_wav_track(const fs::path& folder) {
  Track track{folder.filename().string(), {folder / "mixture.wav"}, 0, 0, 0};
  for (const std::string& source : musdb_sources) track.files.push_back(folder / (source + ".wav"));
  for (const fs::path& file : track.files) {
    check(fs::exists(file), "data", "track '{}' lacks {}: {} is not there", track.name, file.filename().string(),
          file.string());
    const AudioInfo info = audio_info(file);
    if (file == track.files.front()) {
      track.sample_rate = info.sample_rate;
      track.channels = info.channels;
      track.frames = info.frames;
    }
    check(info.frames == track.frames, "data", "track '{}': unequal lengths: {} has {} frames, mixture.wav has {}",
          track.name, file.filename().string(), info.frames, track.frames);
    check(info.sample_rate == track.sample_rate && info.channels == track.channels, "data",
          "track '{}': {} has {} channels at {} Hz, mixture.wav has {} at {} Hz", track.name, file.filename().string(),
          info.channels, info.sample_rate, track.channels, track.sample_rate);
  }
  return track;
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<fs::path> track_paths(const fs::path& folder, bool is_wav) {
  std::error_code error;
  check(fs::is_directory(folder, error), "data", "{}: no such folder; a MUSDB18 root has the folders train and test",
        folder.string());
  std::vector<fs::path> paths;
  bool other_kind = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_hidden(entry.path())) continue;
    const bool wanted = is_wav ? entry.is_directory() : is_stem_file(entry.path());
    if (wanted) paths.push_back(entry.path());
    other_kind = other_kind || (is_wav ? is_stem_file(entry.path()) : entry.is_directory());
  }
  const char* hint = !other_kind ? ""
                     : is_wav    ? "; for its .stem.mp4 files leave out --is-wav"
                                 : "; for its folders of WAV files add --is-wav";
  check(!paths.empty(), "data", "{}: no {} in this folder{}", folder.string(),
        is_wav ? "track folders" : "*.stem.mp4 files", hint);
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<std::string> validation_names(const fs::path& root) {
  const fs::path list = root / "validation.txt";
  if (!fs::exists(list)) return musdb_validation;
  std::istringstream text(read_file(list));
  std::vector<std::string> names;
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  return names;
}

std::vector<fs::path> musdb_paths(const fs::path& root, Subset subset, bool is_wav) {
  check(fs::is_directory(root), "data", "{}: no such folder", root.string());
  const fs::path folder = root / (subset == Subset::test ? "test" : "train");
  const std::vector<std::string> validation = validation_names(root);
  std::vector<std::string> present;
  std::vector<fs::path> paths;
  for (const fs::path& path : track_paths(folder, is_wav)) {
    present.push_back(track_name(path, is_wav));
    const bool is_valid = contains(validation, present.back());
    if (subset == Subset::test || is_valid == (subset == Subset::valid)) paths.push_back(path);
  }
  for (const std::string& name : validation) {
    const bool own_list = validation != musdb_validation;
    check(!own_list || subset == Subset::test || contains(present, name), "data", "{}: there is no track '{}' in {}",
          (root / "validation.txt").string(), name, folder.string());
  }
  check(!paths.empty() || subset == Subset::valid, "data", "{}: every track is one of validation", folder.string());
  return paths;
}

Track open_musdb_track(const fs::path& path, bool is_wav, int sample_rate) {
  Track track = is_wav ? open_wav_track(path) : open_stem_track(path);
  check(track.sample_rate == sample_rate, "data", "track '{}' is at {} Hz, not at {} Hz: {}", track.name,
        track.sample_rate, sample_rate, path.string());
  return track;
}

std::vector<Track> musdb_tracks(const fs::path& root, Subset subset, bool is_wav, int sample_rate) {
  std::vector<Track> tracks;
  for (const fs::path& path : musdb_paths(root, subset, is_wav))
    tracks.push_back(open_musdb_track(path, is_wav, sample_rate));
  return tracks;
}

}  // namespace unmix
