// Scores the songs of a MUSDB folder one after the other, goes on where it was stopped, and outlives what cannot be
// read.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evaluation/track_evaluation.h"

namespace unmix {

struct Song {
  std::string name;
  std::filesystem::path path;  // a .stem.mp4 or a folder of WAV files
};

// The songs of <root>/<subset>, of "valid" the validation tracks in train, sorted by name; none is opened. Throws where
// there is none.
std::vector<Song> list_songs(const std::filesystem::path& root, const std::string& subset, bool is_wav);

// mixture, vocals, drums, bass, other; 16 bits of a .stem.mp4, as musdb decodes it. Throws for what cannot be read and
// where lengths differ.
NamedAudio read_song(const Song& song);

// The WAV files of a folder by name, sorted.
NamedAudio read_wav_folder(const std::filesystem::path& folder);

// The sum of the signals that have these names.
Audio sum_of(const NamedAudio& sources, const std::vector<std::string>& names);

struct EvaluationRun {
  EvaluationOptions options;
  std::vector<std::string> targets;  // empty: all that have an estimate
  std::filesystem::path folder;      // of the JSON files and, beside it, <folder>.csv; empty: nothing is written
  // Written into each file, together with the size and time of the files that were scored; a file of the same is not
  // made again. Of files by earlier versions that lack these the other settings decide.
  nlohmann::ordered_json settings;
  std::filesystem::path estimates = {};  // of finished estimates, TRACK/TARGET.wav; empty: `estimate` makes them
  bool force = false;                    // every file is made again
  std::function<NamedAudio(const Song&, const NamedAudio& parts)> estimate;
  std::function<void(const std::string&line)> say, warn;
};

struct EvaluationOutcome {
  std::vector<TrackEvaluation> tracks;
  std::vector<std::string> failed;  // "NAME: why"
};

// The references are vocals, drums, bass, other and accompaniment, which is the sum of the last three. A song that
// fails is named and skipped. Throws Interrupted after the song at hand where that was asked for.
EvaluationOutcome evaluate_songs(const std::vector<Song>& songs, const EvaluationRun& run);

}  // namespace unmix
