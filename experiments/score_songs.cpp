#include "experiments/score_songs.h"

#include <algorithm>

#include "base/error.h"
#include "evaluation/sdr.h"

namespace unmix {
namespace {

Audio reference_of(const DecodedTrack& song, const std::string& source) {
  const auto found = std::find(musdb_sources.begin(), musdb_sources.end(), source);
  if (found != musdb_sources.end()) return audio_of(song, static_cast<int>(1 + (found - musdb_sources.begin())));
  Audio rest = audio_of(song, 0);
  const Audio vocals = audio_of(song, 1);
  for (size_t i = 0; i < rest.samples.size(); ++i) rest.samples[i] -= vocals.samples[i];
  return rest;
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
  if (!folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    check(!error, "score", "cannot make the folder {}: {}", folder.string(), error.message());
  }
  std::vector<TargetScore> scores;
  for (const auto& [source, estimate] : separation.estimates) {
    const Audio reference = reference_of(song, source);
    scores.push_back({source, sdr(reference, estimate), sdr(reference, mixture)});
    if (!folder.empty()) write_audio(folder / (source + ".wav"), estimate);
  }
  return scores;
}

}  // namespace unmix
