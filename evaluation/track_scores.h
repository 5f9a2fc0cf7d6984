// Scores of one track's estimates against its references.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix {

// SDR in dB over the whole file: of the estimate, and of the mixture taken as the estimate.
struct TargetScore {
  std::string target;
  double estimate, mixture;
};

// reference: a .stem.mp4, or a folder with mixture.wav and a WAV per target; estimates: a folder with a WAV per target.
// Scores the targets that both have, by name. Throws where there is none, or lengths, rates or channels differ.
std::vector<TargetScore> score_track(const std::filesystem::path& reference, const std::filesystem::path& estimates);

}  // namespace unmix
