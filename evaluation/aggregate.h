// One number out of many: scores of frames over a track, of tracks over a set. NaN (no score) counts nowhere.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/choice.h"
#include "evaluation/track_evaluation.h"

namespace unmix {

// Over the frames, then over the tracks; or over all frames of all tracks at once. Which one is chosen moves the figure
// by decibels: 6.3, 5.1, 3.3 and 5.9 dB for the same vocals of UMX.
enum class Aggregation {
  median_of_medians,  // museval's default, what SiSEC 2018 and Open-Unmix publish
  mean_of_medians,
  median_of_means,
  mean_of_means,
  pooled_median,
  pooled_mean,
};

inline constexpr Choice<Aggregation> aggregation_names[] = {
    {"median-of-medians", Aggregation::median_of_medians}, {"mean-of-medians", Aggregation::mean_of_medians},
    {"median-of-means", Aggregation::median_of_means},     {"mean-of-means", Aggregation::mean_of_means},
    {"pooled-median", Aggregation::pooled_median},         {"pooled-mean", Aggregation::pooled_mean}};

double aggregate(const std::vector<std::vector<double>>& frames_by_track, Aggregation aggregation);

struct ScoreRow {
  std::string target;
  std::array<double, 4> scores;  // by bss_metrics
  size_t tracks;                 // that have the target
};

// A row for each target, in the order of their first appearance.
std::vector<ScoreRow> score_table(const std::vector<TrackEvaluation>& tracks, Aggregation aggregation);

std::string format_table(const std::vector<ScoreRow>& rows);

}  // namespace unmix
