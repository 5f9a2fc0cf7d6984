#include "report/significance.h"

#include <algorithm>
#include <cmath>

namespace unmix {
namespace {

using TrackScores = std::map<std::string, double>;

struct Entry {
  std::string name;
  TrackScores sdr;  // finite
  double middle;
};

std::vector<Entry> entries_of(const std::vector<Method>& methods, Measure measure, const std::string& target) {
  std::vector<Entry> entries;
  for (const Method& method : methods) {
    if (method.measure != measure || method.values(target).empty()) continue;
    Entry entry{method.name, {}, median(method.values(target))};
    for (const auto& [track, metrics] : method.scores.at(target))
      if (std::isfinite(metrics[0])) entry.sdr.emplace(track, metrics[0]);
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.middle > b.middle; });
  return entries;
}

std::vector<double> differences(const TrackScores& a, const TrackScores& b) {
  std::vector<double> values;
  for (const auto& [track, sdr] : a)
    if (const auto other = b.find(track); other != b.end()) values.push_back(sdr - other->second);
  return values;
}

std::vector<Pair> pairs_of(const std::vector<Entry>& entries) {
  std::vector<Pair> pairs;
  std::vector<double> p;
  for (size_t b = 1; b < entries.size(); ++b)
    for (size_t a = 0; a < b; ++a) {
      const std::vector<double> values = differences(entries[a].sdr, entries[b].sdr);
      if (values.empty()) continue;
      pairs.push_back({a, b, values.size(), median(values), wilcoxon(values), 1.0});
      p.push_back(pairs.back().test.p);
    }
  const std::vector<double> corrected = holm(p);
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i].corrected = corrected[i];
  return pairs;
}

// scores[method][track] of the tracks that all have.
std::vector<std::vector<double>> common_scores(const std::vector<Entry>& entries) {
  std::vector<std::vector<double>> scores(entries.size());
  for (const auto& score : entries[0].sdr) {
    const std::string& track = score.first;
    if (!std::all_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.sdr.contains(track); })) continue;
    for (size_t i = 0; i < entries.size(); ++i) scores[i].push_back(entries[i].sdr.at(track));
  }
  return scores;
}

}  // namespace

bool can_differ(const Comparison& comparison) {
  return std::ranges::any_of(comparison.pairs, [](const Pair& pair) { return pair.tracks >= kLeastTracks; });
}

std::vector<Comparison> comparisons(const std::vector<Method>& methods) {
  std::vector<Comparison> all;
  for (const Measure measure : {Measure::museval, Measure::whole_file})
    for (const std::string& target : targets_of(methods)) {
      const std::vector<Entry> entries = entries_of(methods, measure, target);
      if (entries.size() < 2) continue;
      Comparison comparison{target, measure, {}, pairs_of(entries), 0, std::nullopt};
      for (const Entry& entry : entries) comparison.names.push_back(entry.name);
      const auto scores = common_scores(entries);
      comparison.common = scores[0].size();
      if (entries.size() >= 3 && comparison.common > 0) comparison.all = friedman(scores);
      all.push_back(std::move(comparison));
    }
  return all;
}

}  // namespace unmix
