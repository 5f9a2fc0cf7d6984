// A data report as text and as JSON.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "data/check_data.h"

namespace unmix {
namespace {

// AAC's noise lies about 25 dB and more below the mixture; a missing or wrong stem above.
constexpr double kMixtureError = -20.0;

std::string hours(double seconds) {
  return seconds < 3600.0 ? fmt::format("{:.1f} min", seconds / 60.0) : fmt::format("{:.2f} h", seconds / 3600.0);
}

// "44100 (120 signals), 48000 (3)", the most frequent first.
std::string counts_of(const DataReport& report, int SignalCheck::*member) {
  std::map<int, int64_t> counts;
  for (const TrackCheck& track : report.tracks)
    for (const SignalCheck& signal : track.signals) ++counts[signal.*member];
  std::vector<std::pair<int64_t, int>> sorted;
  for (const auto& [value, count] : counts) sorted.emplace_back(-count, value);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [count, value] : sorted)
    text += fmt::format("{}{} ({} signal{})", text.empty() ? "" : ", ", value, -count, count == -1 ? "" : "s");
  return text.empty() ? "none" : text;
}

std::string split_line(const DataReport& report, bool training) {
  const std::string split = training ? "train" : "valid";
  double seconds = 0.0;
  int64_t all = 0;
  for (const TrackCheck& track : report.tracks) {
    if (track.split != split) continue;
    ++all;
    if (track.problem.empty()) seconds += track.seconds();
  }
  return fmt::format("{}     {} of {} tracks can be used, {}\n", split, report.usable(training), all, hours(seconds));
}

}  // namespace

std::vector<std::string> TrackCheck::warnings() const {
  std::vector<std::string> list;
  if (!doubt.empty()) list.push_back(doubt);
  for (const SignalCheck& signal : signals) {
    if (signal.silent()) list.push_back(fmt::format("{} is silent", signal.name));
    if (signal.clipped > 0)
      list.push_back(fmt::format("{} is clipped: {} samples at full scale, peak {:.3f}", signal.name, signal.clipped,
                                 signal.peak));
  }
  if (mixture_error && *mixture_error > kMixtureError)
    list.push_back(fmt::format("the mixture is not the sum of its stems: the rest is at {:.1f} dB", *mixture_error));
  return list;
}

std::string to_text(const DataReport& report) {
  std::string text = fmt::format("data set  {} in {}\n", report.dataset, report.root.string());
  text += split_line(report, true) + split_line(report, false);
  text += fmt::format("rates     {} Hz; the model's: {} Hz\n", counts_of(report, &SignalCheck::sample_rate),
                      report.sample_rate);
  text += fmt::format("channels  {}\n", counts_of(report, &SignalCheck::channels));
  std::string problems, warnings;
  int64_t warned = 0;
  for (const TrackCheck& track : report.tracks) {
    if (!track.problem.empty()) problems += fmt::format("  {}/{}: {}\n", track.split, track.name, track.problem);
    const auto list = track.warnings();
    if (list.empty() || !track.problem.empty()) continue;
    ++warned;
    warnings += fmt::format("  {}/{}: {}\n", track.split, track.name, fmt::join(list, "; "));
  }
  if (!problems.empty()) text += "\ncannot be used\n" + problems;
  text += warned == 0 ? "\nno warnings\n" : fmt::format("\nwarnings on {} tracks\n{}", warned, warnings);
  return text;
}

nlohmann::ordered_json to_json(const DataReport& report) {
  nlohmann::ordered_json json{{"dataset", report.dataset},
                              {"root", report.root.string()},
                              {"sample_rate", report.sample_rate},
                              {"usable", {{"train", report.usable(true)}, {"valid", report.usable(false)}}},
                              {"failure", report.failure}};
  json["tracks"] = nlohmann::ordered_json::array();
  for (const TrackCheck& track : report.tracks) {
    nlohmann::ordered_json entry{{"name", track.name},
                                 {"split", track.split},
                                 {"problem", track.problem},
                                 {"seconds", track.seconds()},
                                 {"warnings", track.warnings()}};
    if (track.mixture_error) entry["mixture_error_db"] = *track.mixture_error;
    for (const SignalCheck& s : track.signals)
      entry["signals"].push_back({{"name", s.name},
                                  {"sample_rate", s.sample_rate},
                                  {"channels", s.channels},
                                  {"seconds", s.seconds},
                                  {"peak", s.peak},
                                  {"silent", s.silent()},
                                  {"clipped", s.clipped}});
    json["tracks"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace unmix
