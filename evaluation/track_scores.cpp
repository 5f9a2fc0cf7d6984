#include "evaluation/track_scores.h"

#include <map>

#include "base/error.h"
#include "evaluation/sdr.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStemNames[] = {"mixture", "drums", "bass", "other", "vocals"};  // of a .stem.mp4, in its order

std::map<std::string, Audio> read_references(const fs::path& reference) {
  std::map<std::string, Audio> audio;
  if (is_stem_file(reference)) {
    std::vector<Audio> stems = read_stems(reference);
    for (size_t i = 0; i < stems.size(); ++i) audio.emplace(kStemNames[i], std::move(stems[i]));
    return audio;
  }
  check(fs::is_directory(reference), "score", "{} is neither a .stem.mp4 nor a folder of WAV files",
        reference.string());
  for (const auto& entry : fs::directory_iterator(reference))
    if (entry.path().extension() == ".wav") audio.emplace(entry.path().stem().string(), read_audio(entry.path()));
  return audio;
}

}  // namespace

std::vector<TargetScore> score_track(const fs::path& reference, const fs::path& estimates) {
  const auto references = read_references(reference);
  const auto mixture = references.find("mixture");
  check(mixture != references.end(), "score", "{} has no mixture.wav", reference.string());
  std::vector<TargetScore> scores;
  for (const auto& [target, audio] : references) {
    const fs::path file = estimates / (target + ".wav");
    if (target == "mixture" || !fs::exists(file)) continue;
    scores.push_back({target, sdr(audio, read_audio(file)), sdr(audio, mixture->second)});
  }
  check(!scores.empty(), "score", "{} holds no estimate of a target of {}", estimates.string(), reference.string());
  return scores;
}

}  // namespace unmix
