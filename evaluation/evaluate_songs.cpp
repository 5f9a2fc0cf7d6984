#include "evaluation/evaluate_songs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>

#include "audio/musdb.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "evaluation/aggregate.h"
#include "evaluation/score_files.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kOp = "evaluate";

using NamedFiles = std::vector<std::pair<std::string, fs::path>>;

// Side by side: decoding takes as long as scoring.
NamedAudio read_files(const NamedFiles& files) {
  NamedAudio signals(files.size());
  std::vector<std::exception_ptr> errors(files.size());
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < files.size(); ++i) {
    try {
      signals[i] = {files[i].first, read_audio(files[i].second)};
    } catch (...) {
      errors[i] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return signals;
}

NamedAudio references_of(const NamedAudio& parts) {
  NamedAudio references(parts.begin() + 1, parts.end());
  references.emplace_back("accompaniment", sum_of(parts, musdb_sources_of("accompaniment")));
  return references;
}

// "SDR vocals 6.32, drums 5.73"
std::string summary(const TrackEvaluation& scores) {
  std::vector<std::string> parts;
  for (const ScoreRow& row : score_table({scores}, Aggregation::median_of_medians))
    parts.push_back(fmt::format("{} {:.2f}", row.target, row.scores[0]));
  return fmt::format("SDR {}", fmt::join(parts, ", "));
}

// The file's size and the time of its last change, in nanoseconds.
std::string stamp_of(const fs::path& file) {
  const auto time = std::chrono::file_clock::to_sys(fs::last_write_time(file)).time_since_epoch();
  return fmt::format("{} {}", fs::file_size(file), std::chrono::nanoseconds(time).count());
}

// Of the WAV files of a folder, or of the one file, by name.
ordered_json stamps_of(const fs::path& path) {
  if (!is_folder(path)) return {{path.filename().string(), stamp_of(path)}};
  std::map<std::string, std::string> stamps;
  for (const fs::path& file : files_in(path))
    if (ends_in(file, ".wav")) stamps[file.filename().string()] = stamp_of(file);
  return stamps;
}

// What a song's scores depend on, as it is read back from a file.
ordered_json record_of(const Song& song, const EvaluationRun& run) {
  ordered_json record = run.settings;
  record["references"] = stamps_of(song.path);
  if (!run.estimates.empty() && fs::exists(run.estimates / song.name))
    record["estimates"] = stamps_of(run.estimates / song.name);
  return ordered_json::parse(json_text(record));
}

// Why scores with the record `before` are not those of `now`; empty: they are.
std::string difference(ordered_json before, ordered_json now) {
  if (!before.is_object()) return "is of other settings";
  std::string changed;
  for (const char* key : {"weights", "references", "estimates"}) {
    const ordered_json was = before.value(key, ordered_json()), is = now.value(key, ordered_json());
    before.erase(key);
    now.erase(key);
    if (!changed.empty() || was.is_null()) continue;
    for (const auto& [name, stamp] : is.items())
      if (changed.empty() && was.value(name, ordered_json()) != stamp) changed = fmt::format("{} {}", key, name);
    if (changed.empty() && was != is) changed = fmt::format("{}, of which there are fewer", key);
  }
  if (before != now) return "is of other settings";
  return changed.empty() ? "" : fmt::format("is of other files ({})", changed);
}

// The scores that an earlier run with the same settings left.
std::optional<TrackEvaluation> finished(const fs::path& file, const EvaluationRun& run, const ordered_json& record) {
  if (run.force || run.folder.empty() || !fs::exists(file)) return {};
  try {
    ScoreFile done = read_scores(file);
    const std::string reason = difference(done.settings.value_or(ordered_json()), record);
    if (reason.empty()) return std::move(done.scores);
    run.warn(fmt::format("{} {} and is written again", file.string(), reason));
  } catch (const Error& error) {
    run.warn(fmt::format("{}; it is written again", error.what()));
  }
  return {};
}

// As the files hold them, so that a table does not depend on which scores were read back.
void round_scores(TrackEvaluation& scores) {
  for (TargetEvaluation& target : scores.targets)
    for (BssScores& frame : target.frames)
      for (double& score : frame) score = std::round(score * 1e5) / 1e5;
}

TrackEvaluation evaluate_song(const Song& song, const EvaluationRun& run) {
  const NamedAudio parts = read_song(song);
  windows_at(run.options, parts[0].second.sample_rate);  // refused before a model works
  NamedAudio estimates = run.estimate(song, parts);
  if (!run.targets.empty())
    std::erase_if(estimates, [&](const auto& e) { return std::ranges::count(run.targets, e.first) == 0; });
  TrackEvaluation scores = evaluate_track(song.name, references_of(parts), estimates, run.options);
  round_scores(scores);
  return scores;
}

}  // namespace

std::vector<Song> list_songs(const fs::path& root, const std::string& subset, bool is_wav) {
  std::vector<Song> songs;
  for (const fs::path& path :
       subset == "valid" ? musdb_paths(root, Subset::valid, is_wav) : musdb_folder(root / subset, is_wav))
    songs.push_back({musdb_name(path), path});
  check(!songs.empty(), kOp, "{} has no validation tracks", root.string());
  return songs;
}

NamedAudio read_song(const Song& song) {
  std::vector<std::string> names = {"mixture"};
  names.insert(names.end(), musdb_sources.begin(), musdb_sources.end());
  NamedAudio parts;
  if (is_stem_file(song.path)) {
    std::vector<Audio> stems = read_musdb_stems(song.path);
    for (size_t i = 0; i < names.size(); ++i) parts.emplace_back(names[i], std::move(stems[i]));
  } else {
    const std::vector<fs::path> paths = musdb_files(song.path);
    NamedFiles files;
    for (size_t i = 0; i < names.size(); ++i) files.emplace_back(names[i], paths[i]);
    parts = read_files(files);
  }
  const Audio& mixture = parts[0].second;
  for (const auto& [name, audio] : parts)
    check(audio.sample_rate == mixture.sample_rate && audio.channels == mixture.channels &&
              audio.frames() == mixture.frames(),
          kOp, "{}: {} ({} Hz, {} channels, {} frames) and mixture ({} Hz, {} channels, {} frames) differ",
          song.path.string(), name, audio.sample_rate, audio.channels, audio.frames(), mixture.sample_rate,
          mixture.channels, mixture.frames());
  return parts;
}

NamedAudio read_wav_folder(const fs::path& folder) {
  check(is_folder(folder), kOp, "there is no folder {}", folder.string());
  NamedFiles files;
  for (const fs::path& file : files_in(folder)) {
    if (!ends_in(file, ".wav")) continue;
    for (const auto& [name, other] : files)
      check(name != file.stem(), kOp, "{} and {} are two files of the same name", other.string(), file.string());
    files.emplace_back(file.stem().string(), file);
  }
  check(!files.empty(), kOp, "{} holds no WAV file", folder.string());
  return read_files(files);
}

Audio sum_of(const NamedAudio& sources, const std::vector<std::string>& names) {
  Audio sum;
  for (const auto& [name, audio] : sources) {
    if (std::ranges::count(names, name) == 0) continue;
    if (sum.samples.empty()) {
      sum = audio;
    } else {
      std::ranges::transform(sum.samples, audio.samples, sum.samples.begin(), std::plus<>());
    }
  }
  return sum;
}

EvaluationOutcome evaluate_songs(const std::vector<Song>& songs, const EvaluationRun& run) {
  if (!run.folder.empty()) make_folder(kOp, run.folder);
  EvaluationOutcome outcome;
  for (size_t i = 0; i < songs.size(); ++i) {
    if (interrupt_requested())
      throw Interrupted(
          fmt::format("interrupted after {} of {} tracks; the same command goes on from there", i, songs.size()));
    const Song& song = songs[i];
    const std::string place = fmt::format("[{}/{}] {}", i + 1, songs.size(), song.name);
    const fs::path file = run.folder / (song.name + ".json");
    const auto start = std::chrono::steady_clock::now();
    try {
      const ordered_json record = record_of(song, run);
      if (auto done = finished(file, run, record)) {
        run.say(fmt::format("{}: {} (kept)", place, summary(*done)));
        outcome.tracks.push_back(std::move(*done));
        continue;
      }
      TrackEvaluation scores = evaluate_song(song, run);
      for (const std::string& note : scores.notes) run.warn(song.name + ": " + note);
      if (!run.folder.empty()) write_file(file, scores_json(scores, record));
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      run.say(fmt::format("{}: {} ({:.1f} s)", place, summary(scores), taken.count()));
      outcome.tracks.push_back(std::move(scores));
    } catch (const Interrupted&) {
      throw;
    } catch (const UsageError&) {
      throw;
    } catch (const Error& error) {
      run.warn(fmt::format("{}: skipped: {}", place, error.what()));
      outcome.failed.push_back(fmt::format("{}: {}", song.name, error.what()));
    }
  }
  if (!run.folder.empty()) write_file(fs::path(run.folder.string() + ".csv"), scores_csv(outcome.tracks));
  return outcome;
}

}  // namespace unmix
