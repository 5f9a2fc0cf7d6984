#include "report/examples.h"

#include <cmath>

#include "audio/audio.h"
#include "base/error.h"
#include "report/spectrograms.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSongs = 3, kMostMethods = 5;
constexpr double kSeconds = 6.0;  // of an excerpt: some 100 KB as MP3

struct Signal {
  std::string label;
  Audio audio;
};

// The same part of every file of a track, from the middle of the first.
struct Part {
  int64_t start, frames;
  Audio of(const fs::path& file) const { return read_audio(file, start, frames); }
};

Part middle_of(const fs::path& file) {
  const AudioInfo info = audio_info(file);
  const int64_t frames = std::min(info.frames, static_cast<int64_t>(kSeconds * info.sample_rate));
  return {(info.frames - frames) / 2, frames};
}

std::string label_of(const Material& material, const Example& example, const std::string& target) {
  for (const Method& method : material.methods) {
    if (method.name != example.name || method.measure != Measure::whole_file || !method.has(target)) continue;
    const auto score = method.scores.at(target).find(example.track);
    if (score != method.scores.at(target).end() && !std::isnan(score->second[0]))
      return fmt::format("{}, {:.1f} dB", example.name, score->second[0]);
  }
  return example.name;
}

Exhibit exhibit_of(const fs::path& base, const std::string& title, const std::vector<Signal>& signals) {
  Exhibit exhibit{title, base.string() + ".png", {}};
  std::vector<Panel> panels;
  for (const Signal& signal : signals) panels.push_back({signal.label == title ? "" : signal.label, &signal.audio});
  write_spectrograms(exhibit.picture, title, panels,
                     {.columns = 1, .panel_width = 330, .panel_height = signals.size() > 2 ? 100 : 130});
  for (size_t i = 0; i < signals.size(); ++i) {
    exhibit.players.push_back({signals[i].label, fmt::format("{}-{}.mp3", base.string(), i + 1)});
    write_audio(exhibit.players.back().file, signals[i].audio);
  }
  return exhibit;
}

// All methods' estimates of one track.
ExampleSong song_of(const fs::path& base, const Material& material, const std::vector<const Example*>& examples) {
  const Example& first = *examples.front();
  const fs::path file = first.mixture.empty() ? first.estimates.begin()->second : first.mixture;
  const Part part = middle_of(file);
  const double rate = audio_info(file).sample_rate;
  ExampleSong song{first.track, static_cast<double>(part.start) / rate, static_cast<double>(part.frames) / rate, {}};
  if (!first.mixture.empty())
    song.exhibits.push_back(exhibit_of(base.string() + "-mixture", "mixture", {{"mixture", part.of(first.mixture)}}));
  for (const auto& [target, unused] : first.estimates) {
    std::vector<Signal> signals;
    if (const auto reference = first.references.find(target); reference != first.references.end())
      signals.push_back({"true", part.of(reference->second)});
    for (const Example* example : examples)
      if (const auto estimate = example->estimates.find(target); estimate != example->estimates.end())
        signals.push_back({label_of(material, *example, target), part.of(estimate->second)});
    song.exhibits.push_back(exhibit_of(fmt::format("{}-{}", base.string(), target), target, signals));
  }
  return song;
}

}  // namespace

std::vector<ExampleSong> write_examples(const fs::path& folder, Material& material) {
  std::vector<std::vector<const Example*>> tracks;
  for (const Example& example : material.examples) {
    auto track = std::find_if(tracks.begin(), tracks.end(),
                              [&](const auto& others) { return others[0]->track == example.track; });
    if (track == tracks.end()) track = tracks.insert(tracks.end(), std::vector<const Example*>{});
    if (track->size() < kMostMethods) track->push_back(&example);
  }
  std::vector<ExampleSong> songs;
  for (const auto& examples : tracks) {
    if (songs.size() == kMostSongs) break;
    try {
      songs.push_back(song_of(folder / fmt::format("{:02}", songs.size() + 1), material, examples));
    } catch (const std::exception& error) {
      material.problems.emplace_back(error.what());
    }
  }
  return songs;
}

}  // namespace unmix
