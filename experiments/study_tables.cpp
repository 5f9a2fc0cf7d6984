#include "experiments/study_tables.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"

namespace unmix {
namespace {

struct Row {
  const StudyRun* run;
  RunStatus status;
};

// A folder whose record is damaged is a state like others here.
RunStatus readable_status(const Study& study, const StudyRun& run) {
  try {
    return status_of(study, run);
  } catch (const Error& error) {
    return {RunState::foreign, error.what(), std::nullopt};
  }
}

std::vector<Row> rows_of(const Study& study) {
  std::vector<Row> rows;
  for (const StudyRun& run : study.runs) rows.push_back({&run, readable_status(study, run)});
  return rows;
}

std::vector<Row> finished(std::vector<Row> rows) {
  std::erase_if(rows, [](const Row& row) { return row.status.state != RunState::finished; });
  const auto rank = [](const Row& row) {
    const double sdr = row.status.result->mean_sdr();
    return std::isnan(sdr) ? -HUGE_VAL : sdr;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return rank(a) > rank(b); });
  return rows;
}

// In the order in which they first appear.
std::vector<std::string> all_targets(const std::vector<Row>& rows) {
  std::vector<std::string> targets;
  for (const Row& row : rows)
    for (const std::string& target : row.status.result->targets())
      if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
  return targets;
}

std::string decibels(double value) { return std::isnan(value) ? "-" : fmt::format("{:.2f}", value); }

std::string markdown_row(const Row& row, const std::vector<std::string>& targets) {
  const RunResult& result = *row.status.result;
  const History& h = result.history;
  std::string line = fmt::format("| {} | {:.5g} | {:.5g} | {:.5g} | {:.5g} | {:.5g} ({}/{}) |", title_of(*row.run),
                                 h.train_loss.front(), h.train_loss.back(), h.valid_loss.front(), h.valid_loss.back(),
                                 h.best_loss, h.best_epoch, h.train_loss.size());
  for (const std::string& target : targets) line += fmt::format(" {} |", decibels(result.mean_sdr(target)));
  return line + fmt::format(" {} | {} |\n", decibels(result.mean_sdr()), clock_time(result.train_seconds));
}

// The mixture taken as every estimate, of the first run with these songs.
std::string mixture_row(const Row& row, const std::vector<std::string>& targets) {
  std::string line = "| *mixture* | | | | | |";
  for (const std::string& target : targets)
    line += fmt::format(" {} |", decibels(row.status.result->mean_sdr(target, true)));
  return line + fmt::format(" {} | |\n", decibels(row.status.result->mean_sdr(true)));
}

std::string state_text(const RunStatus& status) {
  switch (status.state) {
    case RunState::fresh: return "not begun";
    case RunState::started: return "begun, " + status.note;
    case RunState::trained: return "trained, not scored";
    case RunState::finished: return fmt::format("finished, mean SDR {} dB", decibels(status.result->mean_sdr()));
    case RunState::foreign: return "not of this study: " + status.note;
  }
  return "";
}

std::string table(const std::vector<Row>& rows) {
  const std::vector<std::string> targets = all_targets(rows);
  std::string text = "| run | train, first | train, last | valid, first | valid, last | valid, best (epoch) |";
  std::string rule = "|---|---:|---:|---:|---:|---:|";
  for (const std::string& target : targets) {
    text += fmt::format(" {} |", target);
    rule += "---:|";
  }
  text += " mean SDR | training |\n" + rule + "---:|---:|\n";
  for (const Row& row : rows) text += markdown_row(row, targets);
  return text + mixture_row(rows.front(), targets);
}

std::string devices(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.status.result->device);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return fmt::format("{}", fmt::join(names, "; "));
}

}  // namespace

std::string study_markdown(const Study& study, const std::vector<RunFailure>& failures) {
  const std::vector<Row> all = rows_of(study), done = finished(all);
  std::string text;
  if (!done.empty()) text = table(done);
  const auto of_failure = [&](const Row& row) {
    return std::find_if(failures.begin(), failures.end(), [&](const RunFailure& f) { return f.name == row.run->name; });
  };
  std::string missing;
  for (const Row& row : all) {
    const auto failure = of_failure(row);
    if (failure != failures.end())
      missing += fmt::format("* {}: failed: {}\n", row.run->name, failure->message);
    else if (row.status.state != RunState::finished)
      missing += fmt::format("* {}: {}\n", row.run->name, state_text(row.status));
  }
  if (!missing.empty()) text += fmt::format("{}Not finished:\n\n{}", text.empty() ? "" : "\n", missing);
  return text;
}

std::string study_csv(const Study& study) {
  const std::vector<Row> rows = finished(rows_of(study));
  const std::vector<std::string> targets = all_targets(rows);
  std::string csv = "run,title,loss,variant,epochs,train_first,train_last,valid_first,valid_last,valid_best,best_epoch";
  for (const std::string& target : targets) csv += fmt::format(",SDR_{0},SDR_mixture_{0}", target);
  csv += ",SDR_mean,SDR_mixture_mean,train_seconds,score_seconds,device\n";
  for (const Row& row : rows) {
    const RunResult& r = *row.status.result;
    const History& h = r.history;
    csv += fmt::format("{},\"{}\",\"{}\",{},{},{},{},{},{},{},{}", row.run->name, title_of(*row.run),
                       row.run->options.loss.text(), name_of(row.run->options.variant, variant_names),
                       h.train_loss.size(), h.train_loss.front(), h.train_loss.back(), h.valid_loss.front(),
                       h.valid_loss.back(), h.best_loss, h.best_epoch);
    for (const std::string& target : targets)
      csv += fmt::format(",{:.4f},{:.4f}", r.mean_sdr(target), r.mean_sdr(target, true));
    csv += fmt::format(",{:.4f},{:.4f},{:.1f},{:.1f},\"{}\"\n", r.mean_sdr(), r.mean_sdr(true), r.train_seconds,
                       r.score_seconds, r.device);
  }
  return csv;
}

void write_tables(const Study& study, const std::vector<RunFailure>& failures) {
  const std::vector<Row> done = finished(rows_of(study));
  std::string text = study_markdown(study, failures);
  if (!done.empty())
    text += fmt::format(
        "\nLosses: training is the mean over the first and over the last epoch, taken while the weights change; "
        "validation is after the first, the last and the best epoch. SDR in dB of the best epoch's weights on the {} "
        "songs: the mean over songs of 10 log10(sum y² / sum (y - e)²). Training time without validation.\n\n"
        "Computed on: {}\n",
        study.scoring.subset, devices(done));
  write_file(study.output / "results.md", text);
  write_file(study.output / "results.csv", study_csv(study));
}

std::string study_states(const Study& study, const std::vector<size_t>& chosen) {
  size_t width = 0;
  for (const StudyRun& run : study.runs) width = std::max(width, run.name.size());
  std::string text;
  for (const size_t i : chosen)
    text += fmt::format("{:>4}  {:<{}}  {}\n", i + 1, study.runs[i].name, width,
                        state_text(readable_status(study, study.runs[i])));
  return text;
}

}  // namespace unmix
