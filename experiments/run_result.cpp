#include "experiments/run_result.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/version.h"
#include "evaluation/statistics.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

fs::path result_file(const Study& study, const StudyRun& run) { return study.folder(run) / "result.json"; }

ordered_json scoring_json(const StudyScoring& scoring) {
  return {{"subset", scoring.subset}, {"softmask", scoring.softmask}};
}

// JSON has no NaN and no infinity: null.
double number(const ordered_json& value) { return value.is_null() ? std::nan("") : value.get<double>(); }

RunResult from_json(const ordered_json& json) {
  RunResult result;
  result.history.train_loss = json.at("train_loss_history").get<std::vector<double>>();
  result.history.valid_loss = json.at("valid_loss_history").get<std::vector<double>>();
  result.history.train_time = json.at("train_time_history").get<std::vector<double>>();
  result.history.best_loss = json.at("best_loss");
  result.history.best_epoch = json.at("best_epoch");
  result.train_seconds = json.at("train_seconds");
  result.score_seconds = json.at("score_seconds");
  result.device = json.at("device");
  for (const auto& [track, targets] : json.at("scores").items())
    for (const auto& [target, score] : targets.items())
      result.scores.push_back({from_utf8(track), {target, number(score.at("SDR")), number(score.at("SDR_mixture"))}});
  return result;
}

// What may not differ between a record and the options now: all but where and how long a run works; and its start.
std::string conflict_of(const StudyRun& run, const nlohmann::json& args, const std::string& after) {
  const nlohmann::json now = to_json(run.options);
  std::string conflict = resume_conflict(args, now);
  if (conflict.empty() && after != run.after)
    conflict = fmt::format("it started from '{}', now '{}'", after, run.after);
  return conflict;
}

// Whether the model in the run's folder has another training behind it than the record. Weights may be gone.
bool trained_again(const StudyRun& run, const RunResult& result) {
  const fs::path file = run.options.output / (run.options.model_name() + ".json");
  if (!fs::exists(file)) return false;
  const auto json = ordered_json::parse(read_file(file), nullptr, false);
  return json.is_object() && json.contains("train_loss_history") &&
         json.at("train_loss_history") != ordered_json(result.history.train_loss);
}

RunStatus status_of_result(const Study& study, const StudyRun& run, const ordered_json& json) {
  RunStatus status{RunState::finished, "", from_json(json)};
  const auto epochs = static_cast<int>(status.result->history.train_loss.size());
  const nlohmann::json args = json.at("args");
  status.note = conflict_of(run, args, json.at("after"));
  if (status.note.empty() && epochs > run.options.epochs)
    status.note = fmt::format("--epochs was {}, now {}", args.at("epochs").dump(), run.options.epochs);
  if (status.note.empty() && trained_again(run, *status.result))
    status.note = "its model was trained again since it was scored";
  if (!status.note.empty()) return {RunState::foreign, status.note, std::nullopt};
  if (args.at("epochs") != run.options.epochs || args.at("patience") != run.options.patience)
    return {RunState::started, fmt::format("{} of {} epochs", epochs, run.options.epochs), std::nullopt};
  if (status.result->scores.empty() || json.at("scoring") != scoring_json(study.scoring)) {
    status.state = RunState::trained;
    status.result->scores.clear();
  }
  return status;
}

RunStatus status_of_checkpoint(const StudyRun& run) {
  const fs::path base = run.options.output / run.options.model_name();
  if (!fs::exists(base.string() + ".chkpnt")) return {};
  RunStatus status{RunState::started, "in its first epoch", std::nullopt};
  const fs::path file = base.string() + ".json";
  if (!fs::exists(file)) return status;
  const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("args")) return status;  // the checkpoint decides
  const std::string conflict = resume_conflict(json.at("args"), to_json(run.options));
  if (!conflict.empty()) return {RunState::foreign, conflict, std::nullopt};
  status.note = fmt::format("{} of {} epochs", json.at("epochs_trained").dump(), run.options.epochs);
  return status;
}

}  // namespace

std::vector<std::string> RunResult::targets() const {
  std::vector<std::string> names;
  for (const SongScore& song : scores)
    if (std::find(names.begin(), names.end(), song.score.target) == names.end()) names.push_back(song.score.target);
  return names;
}

double RunResult::mean_sdr(const std::string& target, bool of_mixture) const {
  std::vector<double> values;
  for (const SongScore& song : scores)
    if (song.score.target == target) values.push_back(of_mixture ? song.score.mixture : song.score.estimate);
  return mean(values);
}

double RunResult::mean_sdr(bool of_mixture) const {
  std::vector<double> values;
  for (const std::string& target : targets()) values.push_back(mean_sdr(target, of_mixture));
  return mean(values);
}

ordered_json to_json(const Study& study, const StudyRun& run, const RunResult& result) {
  ordered_json scores = ordered_json::object();
  for (const SongScore& song : result.scores)
    scores[to_utf8(song.track)][song.score.target] = {{"SDR", song.score.estimate},
                                                      {"SDR_mixture", song.score.mixture}};
  const History& history = result.history;
  return {{"name", run.name},
          {"title", title_of(run)},
          {"args", to_json(run.options)},
          {"after", run.after},
          {"device", result.device},
          {"version", std::string(version())},
          {"commit", std::string(commit())},
          {"best_loss", history.best_loss},
          {"best_epoch", history.best_epoch},
          {"train_loss_history", history.train_loss},
          {"valid_loss_history", history.valid_loss},
          {"train_time_history", history.train_time},
          {"train_seconds", result.train_seconds},
          {"score_seconds", result.score_seconds},
          {"scoring", scoring_json(study.scoring)},
          {"mean_SDR", result.mean_sdr()},
          {"scores", scores}};
}

std::string title_of(const StudyRun& run) {
  const bool random = run.options.loss.uses(LossNetworks::features) && run.options.vggish.empty();
  return random ? run.name + " (random VGGish features)" : run.name;
}

void write_result(const Study& study, const StudyRun& run, const RunResult& result) {
  write_file(result_file(study, run), json_text(to_json(study, run, result), 2) + "\n");
}

RunStatus status_of(const Study& study, const StudyRun& run) {
  const fs::path file = result_file(study, run);
  if (!fs::exists(file)) return status_of_checkpoint(run);
  try {
    return status_of_result(study, run, ordered_json::parse(read_file(file)));
  } catch (const nlohmann::json::exception& error) {
    fail("experiments", "{} is damaged ({}): remove it, and the run goes on from its checkpoint", file.string(),
         error.what());
  }
}

}  // namespace unmix
