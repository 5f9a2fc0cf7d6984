// What a run of a study has come to, and its record <folder>/result.json: written when training has ended and again
// with the scores.
#pragma once

#include "evaluation/track_scores.h"
#include "experiments/study.h"
#include "training/trainer.h"

namespace unmix {

struct SongScore {
  std::string track;
  TargetScore score;
};

struct RunResult {
  History history;
  double train_seconds = 0.0, score_seconds = 0.0;
  std::string device;
  std::vector<SongScore> scores;  // empty: not scored yet

  // Over the songs; NaN where there is none with the target (a silent reference has no SDR).
  double mean_sdr(const std::string& target, bool of_mixture = false) const;
  double mean_sdr(bool of_mixture = false) const;  // of the targets' means
  std::vector<std::string> targets() const;
};

enum class RunState {
  fresh,    // nothing there
  started,  // a checkpoint to go on from
  trained,  // to be scored
  finished,
  foreign,  // made with other options, or its model trained again
};

struct RunStatus {
  RunState state = RunState::fresh;
  std::string note;  // "epoch 3 of 20"; of a foreign run what differs
  std::optional<RunResult> result;
};

// Read off the run's folder. Throws for a result.json that is damaged.
RunStatus status_of(const Study& study, const StudyRun& run);

void write_result(const Study& study, const StudyRun& run, const RunResult& result);

nlohmann::ordered_json to_json(const Study& study, const StudyRun& run, const RunResult& result);

// The run's name as tables and messages have it: with "(random VGGish features)" where a loss is computed with those.
std::string title_of(const StudyRun& run);

}  // namespace unmix
