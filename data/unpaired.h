// Mixtures without stems and stems without mixtures, for adversarial training: random excerpts of the audio files of a
// folder, and of a folder per target. An excerpt depends on (seed, epoch, index) alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace unmix {

struct UnpairedOptions {
  std::filesystem::path mixtures, stems;  // folders; empty: none. stems holds <target>/ for each target
  std::vector<std::string> targets;
  std::filesystem::path cache;  // of decoded audio
  int sample_rate = 44100;      // that files are resampled to, in Hz
  int channels = 2;             // that files must have
  int64_t frames = 0;           // of an excerpt
  uint64_t seed = 42;
};

class UnpairedData {
 public:
  // Decodes every file that has the extension of an audio format; a .stem.mp4 gives its mixture. Files shorter than an
  // excerpt are left out. Throws where a folder is missing, empty or has none that is long enough, and for other
  // channels than asked.
  explicit UnpairedData(const UnpairedOptions& options);

  bool has_mixtures() const { return !mixtures_.empty(); }
  bool has_stems() const { return !stems_.empty(); }
  // One line with the reason for each file that is not used.
  const std::vector<std::string>& left_out() const { return left_out_; }

  // Adds the excerpts of samples first .. first + count of an epoch: unpaired_mixture (count, channels, frames),
  // unpaired_stems (targets, count, channels, frames). May be called from several threads at once.
  void add_to(Batch& batch, int64_t epoch, int64_t first, int64_t count) const;

 private:
  DecodedTracks open(const std::filesystem::path& folder, const char* option);
  void read(const DecodedTracks& files, uint64_t stream, int64_t epoch, int64_t index, float* to) const;

  UnpairedOptions options_;
  DecodedTracks mixtures_;
  std::vector<DecodedTracks> stems_;  // of each target
  std::vector<std::string> left_out_;
};

}  // namespace unmix
