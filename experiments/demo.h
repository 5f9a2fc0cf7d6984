// The demo: synthetic songs, a model trained on them, two held-back songs separated and scored, pictures and a table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tensor/device.h"

namespace unmix {

struct DemoOptions {
  std::filesystem::path output;
  bool tiny = false;  // seconds instead of minutes; the scores then mean nothing
  Device device = Device::cpu;
  uint64_t seed = 42;
  bool quiet = false;
};

// SDR in dB over a whole file, of the estimate and of the mixture taken as the estimate.
struct DemoScore {
  std::string track, target;
  double estimate, mixture;
};

// Writes songs/, model/, estimates/TRACK/TARGET.wav, a spectrogram sheet TRACK.png per test song, scores.csv, scores.md
// and report/ (report/report.h) into the output folder, and returns the scores, song by song in the order of
// musdb_sources.
std::vector<DemoScore> run_demo(const DemoOptions& options);

// The scores as a Markdown table with a row per song and target, and their means.
std::string demo_table(const std::vector<DemoScore>& scores);

}  // namespace unmix
