// A study: a list of training runs, each separated and scored, as a TOML file describes it (docs/experiments.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training/options.h"

namespace unmix {

struct StudyScoring {
  std::string subset = "test";  // of the root: train, valid or test
  bool softmask = false;
  bool keep_estimates = false;  // as estimates/TRACK/TARGET.wav in the run's folder
};

struct StudyRun {
  std::string name;      // also of its folder
  TrainOptions options;  // `output` is the folder's model/
  std::string after;     // the run whose model this one starts from; empty: none
};

struct Study {
  std::filesystem::path file, output;
  std::string
      demo_songs;  // "full", "tiny": the root is <output>/songs, written where it is missing; empty: a given root
  StudyScoring scoring;
  std::vector<StudyRun> runs;

  std::filesystem::path folder(const StudyRun& run) const { return output / run.name; }
  std::optional<size_t> find(const std::string& name) const;
};

// What the command line says instead of the file.
struct StudyOverrides {
  std::filesystem::path output, root, cache;  // empty: as the file has it
  std::optional<uint64_t> seed;
};

// Throws UsageError, naming file and line, for what is no TOML, an unknown key (with the nearest ones), a value of
// another type, options that cannot be, and a run to start from that there is not.
Study read_study(const std::filesystem::path& file, const StudyOverrides& overrides = {});

}  // namespace unmix
