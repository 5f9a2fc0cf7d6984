#include "evaluation/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "evaluation/statistics.h"

namespace unmix {
namespace {

std::string cell(double score) { return std::isnan(score) ? "-" : fmt::format("{:.3f}", score); }

}  // namespace

double aggregate(const std::vector<std::vector<double>>& frames_by_track, Aggregation aggregation) {
  using enum Aggregation;
  std::vector<double> values;
  for (const std::vector<double>& frames : frames_by_track) {
    if (aggregation == pooled_median || aggregation == pooled_mean) {
      values.insert(values.end(), frames.begin(), frames.end());
    } else {
      const bool medians = aggregation == median_of_medians || aggregation == mean_of_medians;
      values.push_back(medians ? median(frames) : mean(frames));
    }
  }
  const bool by_median =
      aggregation == median_of_medians || aggregation == median_of_means || aggregation == pooled_median;
  return by_median ? median(std::move(values)) : mean(values);
}

std::vector<ScoreRow> score_table(const std::vector<TrackEvaluation>& tracks, Aggregation aggregation) {
  std::vector<std::string> names;
  for (const TrackEvaluation& track : tracks)
    for (const TargetEvaluation& target : track.targets)
      if (std::ranges::count(names, target.name) == 0) names.push_back(target.name);
  std::vector<ScoreRow> rows;
  for (const std::string& name : names) {
    std::array<std::vector<std::vector<double>>, 4> scores;  // [metric][track][frame]
    for (const TrackEvaluation& track : tracks)
      for (const TargetEvaluation& target : track.targets) {
        if (target.name != name) continue;
        for (size_t m = 0; m < scores.size(); ++m) {
          std::vector<double>& frames = scores[m].emplace_back();
          // museval's files hold no infinite scores.
          for (const BssScores& frame : target.frames)
            frames.push_back(std::isfinite(frame[m]) ? frame[m] : std::numeric_limits<double>::quiet_NaN());
        }
      }
    ScoreRow row{name, {}, scores[0].size()};
    for (size_t m = 0; m < scores.size(); ++m) row.scores[m] = aggregate(scores[m], aggregation);
    rows.push_back(row);
  }
  return rows;
}

std::string format_table(const std::vector<ScoreRow>& rows) {
  std::string text =
      fmt::format("{:<16}{:>10}{:>10}{:>10}{:>10}{:>8}\n", "target, dB", "SDR", "ISR", "SIR", "SAR", "tracks");
  for (const ScoreRow& row : rows)
    text += fmt::format("{:<16}{:>10}{:>10}{:>10}{:>10}{:>8}\n", row.target, cell(row.scores[0]), cell(row.scores[1]),
                        cell(row.scores[2]), cell(row.scores[3]), row.tracks);
  return text;
}

}  // namespace unmix
