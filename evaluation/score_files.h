// Scores as files: museval's JSON, one a track, and one CSV of all.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/track_evaluation.h"

namespace unmix {

// museval's JSON: {"targets": [{"name", "frames": [{"time", "duration", "metrics": {SDR, SIR, SAR, ISR}}]}],
// "museval_version"}, scores with 5 decimals, NaN (a bare word, as museval writes it) also for infinite ones.
// `settings` come beside it under "unmix".
std::string scores_json(const TrackEvaluation& scores, const nlohmann::ordered_json& settings);

struct ScoreFile {
  TrackEvaluation scores;                          // the track's name is the file's
  std::optional<nlohmann::ordered_json> settings;  // none: another program's file
};

// Reads such a file, of any version of museval and of SiSEC 2018. Throws where it is no such JSON.
ScoreFile read_scores(const std::filesystem::path& path);

// All *.json below a folder, sorted by name.
std::vector<TrackEvaluation> read_score_folder(const std::filesystem::path& folder);

// "track,target,metric,time,score" and a line for each score, with 5 decimals; without a value where there is none. A
// name with a comma or quotes is quoted.
std::string scores_csv(const std::vector<TrackEvaluation>& tracks);

}  // namespace unmix
