#include "evaluation/score_files.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/text.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kOp = "scores";
constexpr const char* kVersion = "0.4.1";      // of museval, whose format this is
constexpr size_t kJsonOrder[] = {0, 2, 3, 1};  // SDR, SIR, SAR, ISR

std::string decimals(double score) { return std::isfinite(score) ? fmt::format("{:.5f}", score) : "NaN"; }

std::string frame_json(const TrackEvaluation& scores, size_t frame, const BssScores& values) {
  std::string metrics;
  for (const size_t m : kJsonOrder)
    metrics +=
        fmt::format("{}            \"{}\": {}", metrics.empty() ? "" : ",\n", bss_metrics[m], decimals(values[m]));
  return fmt::format(
      "        {{\n          \"time\": {},\n          \"duration\": {},\n          \"metrics\": {{\n{}\n          }}\n "
      "       }}",
      ordered_json(static_cast<double>(frame) * scores.hop).dump(), ordered_json(scores.window).dump(), metrics);
}

std::string target_json(const TrackEvaluation& scores, const TargetEvaluation& target) {
  std::vector<std::string> frames;
  for (size_t i = 0; i < target.frames.size(); ++i) frames.push_back(frame_json(scores, i, target.frames[i]));
  return fmt::format("    {{\n      \"name\": {},\n      \"frames\": [\n{}\n      ]\n    }}",
                     json_text(ordered_json(target.name)), fmt::join(frames, ",\n"));
}

double number(const ordered_json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? std::numeric_limits<double>::quiet_NaN() : found->get<double>();
}

TrackEvaluation parse(const ordered_json& json) {
  TrackEvaluation scores;
  for (const ordered_json& target : json.at("targets")) {
    TargetEvaluation& added = scores.targets.emplace_back(TargetEvaluation{target.at("name"), {}});
    for (const ordered_json& frame : target.at("frames")) {
      BssScores values;
      for (size_t m = 0; m < values.size(); ++m) values[m] = number(frame.at("metrics"), bss_metrics[m]);
      scores.window = frame.at("duration");
      if (added.frames.size() == 1) scores.hop = frame.at("time");
      added.frames.push_back(values);
    }
  }
  return scores;
}

}  // namespace

std::string scores_json(const TrackEvaluation& scores, const ordered_json& settings) {
  std::vector<std::string> targets;
  for (const TargetEvaluation& target : scores.targets) targets.push_back(target_json(scores, target));
  return fmt::format("{{\n  \"targets\": [\n{}\n  ],\n  \"museval_version\": \"{}\",\n  \"unmix\": {}\n}}",
                     fmt::join(targets, ",\n"), kVersion, json_text(settings));
}

ScoreFile read_scores(const fs::path& path) {
  check_input_file(kOp, path);
  try {
    const ordered_json json = ordered_json::parse(with_null_for_nan(read_file(path)));
    ScoreFile file{parse(json), {}};
    file.scores.track = path.stem().string();
    if (json.contains("unmix")) file.settings = json["unmix"];
    return file;
  } catch (const ordered_json::exception&) {
    fail(kOp, "{} is no file of museval's scores: it wants {{\"targets\": [{{\"name\", \"frames\"}}]}}", path.string());
  }
}

std::vector<TrackEvaluation> read_score_folder(const fs::path& folder) {
  check(is_folder(folder), kOp, "{} is no folder", folder.string());
  std::vector<fs::path> files = files_below(folder);
  std::erase_if(files, [](const fs::path& file) { return !ends_in(file, ".json"); });
  check(!files.empty(), kOp, "{} holds no .json of a track's scores", folder.string());
  std::vector<TrackEvaluation> tracks;
  for (const fs::path& file : files) tracks.push_back(read_scores(file).scores);
  return tracks;
}

std::string scores_csv(const std::vector<TrackEvaluation>& tracks) {
  std::string text = "track,target,metric,time,score\n";
  for (const TrackEvaluation& track : tracks)
    for (const TargetEvaluation& target : track.targets)
      for (size_t i = 0; i < target.frames.size(); ++i)
        for (const size_t m : kJsonOrder) {
          const double score = target.frames[i][m];
          text += fmt::format("{},{},{},{},{}\n", csv_cell(track.track), csv_cell(target.name), bss_metrics[m],
                              static_cast<double>(i) * track.hop, std::isfinite(score) ? decimals(score) : "");
        }
  return text;
}

}  // namespace unmix
