// The demo: synthetic songs, a model trained on them with each of two losses, two held-back songs separated and scored,
// pictures, a table and a report.
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
  std::string loss, track, target;
  double estimate, mixture;
};

// Writes into the output folder songs/, for each loss LOSS/model/, LOSS/estimates/TRACK/TARGET.wav and a sheet of
// spectrograms, LOSS/TRACK.png, and scores.csv, scores.md and report/ (report/report.h). Returns the scores, loss by
// loss and song by song, in the order of musdb_sources.
std::vector<DemoScore> run_demo(const DemoOptions& options);

// The scores as a Markdown table with a row per song and target, a column per loss, and their means.
std::string demo_table(const std::vector<DemoScore>& scores);

}  // namespace unmix
