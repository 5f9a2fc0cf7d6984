#include "audio/musdb.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"

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

Track open_stem_track(const fs::path& path) {
  const AudioInfo info = audio_info(path);
  return {musdb_name(path), {path}, info.sample_rate, info.channels, info.frames};
}

Track open_wav_track(const fs::path& folder) {
  Track track{musdb_name(folder), musdb_files(folder)};
  for (const fs::path& file : track.files) {
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

void round_to_16_bits(Audio& audio) {
  for (float& x : audio.samples) x = std::clamp(std::nearbyint(x * 32768.0f), -32768.0f, 32767.0f) / 32768.0f;
}

}  // namespace

std::vector<std::string> musdb_sources_of(const std::string& target) {
  if (target == "accompaniment") return {"drums", "bass", "other"};
  return {musdb_sources[musdb_index(target)]};
}

size_t musdb_index(const std::string& source) {
  const auto found = std::ranges::find(musdb_sources, source);
  check(found != musdb_sources.end(), "data", "'{}' is none of {}, accompaniment", source,
        fmt::join(musdb_sources, ", "));
  return static_cast<size_t>(found - musdb_sources.begin());
}

std::vector<std::string> validation_names(const fs::path& root) {
  const fs::path list = root / "validation.txt";
  return is_file(list) ? lines_of(read_file(list)) : musdb_validation;
}

std::vector<fs::path> musdb_folder(const fs::path& folder, bool is_wav) {
  check(is_folder(folder), "data", "{}: no such folder; a MUSDB18 root has the folders train and test",
        folder.string());
  std::vector<fs::path> folders = folders_in(folder), stem_files = files_in(folder);
  std::erase_if(stem_files, [](const fs::path& file) { return !is_stem_file(file); });
  std::vector<fs::path>& tracks = is_wav ? folders : stem_files;
  const bool other_kind = !(is_wav ? stem_files : folders).empty();
  const char* hint = !other_kind ? ""
                     : is_wav    ? "; its .stem.mp4 files are read without is-wav"
                                 : "; its folders of WAV files are read with is-wav";
  check(!tracks.empty(), "data", "{}: no {} in this folder{}", folder.string(),
        is_wav ? "track folders" : "*.stem.mp4 files", hint);
  return tracks;
}

std::vector<fs::path> musdb_paths(const fs::path& root, Subset subset, bool is_wav) {
  check(is_folder(root), "data", "{}: no such folder", root.string());
  const fs::path folder = root / (subset == Subset::test ? "test" : "train");
  const std::vector<std::string> validation = validation_names(root);
  std::vector<std::string> present;
  std::vector<fs::path> paths;
  for (const fs::path& path : musdb_folder(folder, is_wav)) {
    present.push_back(musdb_name(path));
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

std::string musdb_name(const fs::path& track) {
  const fs::path name = track.filename();
  return (is_stem_file(track) ? name.stem().stem() : name).string();
}

std::vector<fs::path> musdb_files(const fs::path& folder) {
  std::vector<fs::path> files{find_file(folder, "mixture.wav")};
  for (const std::string& source : musdb_sources) files.push_back(find_file(folder, source + ".wav"));
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string name = (i == 0 ? "mixture" : musdb_sources[i - 1]) + ".wav";
    check(!files[i].empty(), "data", "track '{}' lacks {}: {} is not there", musdb_name(folder), name,
          (folder / name).string());
  }
  return files;
}

std::vector<Audio> read_musdb_stems(const fs::path& path) {
  std::vector<Audio> stems = read_stems(path);
  std::vector<Audio> signals;
  const auto take = [&](const std::string& name) {
    const auto stream = std::ranges::find(stem_streams, name) - stem_streams.begin();
    signals.push_back(std::move(stems[static_cast<size_t>(stream)]));
    round_to_16_bits(signals.back());
  };
  take("mixture");
  for (const std::string& source : musdb_sources) take(source);
  return signals;
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
