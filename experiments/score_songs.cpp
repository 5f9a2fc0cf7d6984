#include "experiments/score_songs.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "base/folder.h"
#include "evaluation/sdr.h"

namespace unmix {
namespace {

Audio reference_of(const DecodedTrack& song, const std::string& target) {
  Audio sum;
  for (const std::string& source : musdb_sources_of(target)) {
    const Audio part = audio_of(song, static_cast<int>(1 + musdb_index(source)));
    if (sum.samples.empty()) sum = Audio{part.sample_rate, part.channels, std::vector<float>(part.samples.size())};
    std::ranges::transform(sum.samples, part.samples, sum.samples.begin(), std::plus<>());
  }
  return sum;
}

}  // namespace

Audio audio_of(const DecodedTrack& song, int part) {
  Audio audio{song.sample_rate(), song.channels(),
              std::vector<float>(static_cast<size_t>(song.channels()) * static_cast<size_t>(song.frames()))};
  song.read(part, 0, song.frames(), audio.samples.data());
  return audio;
}

std::vector<TargetScore> score_song(const DecodedTrack& song, const Separator& separator,
                                    const std::filesystem::path& folder) {
  const Audio mixture = audio_of(song, 0);
  const Separation separation = separator(mixture);
  if (!folder.empty()) make_folder("score", folder);
  std::vector<TargetScore> scores;
  for (const auto& [source, estimate] : separation.estimates) {
    const Audio reference = reference_of(song, source);
    scores.push_back({source, sdr(reference, estimate), sdr(reference, mixture)});
    if (!folder.empty()) write_audio(folder / (source + ".wav"), estimate);
  }
  return scores;
}

}  // namespace unmix
