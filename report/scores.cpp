#include "report/scores.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "evaluation/statistics.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Metrics medians(const json& frames) {
  std::array<std::vector<double>, kMetrics.size()> values;
  for (const json& frame : frames)
    for (size_t m = 0; m < kMetrics.size(); ++m) {
      const json& metrics = frame.at("metrics");
      const json value = m == 0 ? metrics.at(kMetrics[m]) : metrics.value(kMetrics[m], json());
      values[m].push_back(value.is_null() ? std::nan("") : value.get<double>());
    }
  Metrics result;
  for (size_t m = 0; m < kMetrics.size(); ++m) result[m] = median(std::move(values[m]));
  return result;
}

bool is_reference(const std::string& method) {
  constexpr std::array<const char*, 6> kNames{"IBM1", "IBM2", "IRM1", "IRM2", "MWF", "MIX"};
  return std::find(kNames.begin(), kNames.end(), method) != kNames.end();
}

}  // namespace

std::vector<double> Method::values(const std::string& target, size_t metric) const {
  std::vector<double> found;
  if (const auto tracks = scores.find(target); tracks != scores.end())
    for (const auto& [track, metrics] : tracks->second)
      if (std::isfinite(metrics[metric])) found.push_back(metrics[metric]);
  return found;
}

std::vector<std::string> targets_of(const std::vector<Method>& methods, const std::vector<TableRow>& table) {
  std::set<std::string> others;
  for (const Method& method : methods)
    for (const auto& [target, tracks] : method.scores) others.insert(target);
  for (const TableRow& row : table)
    for (const auto& [target, sdr] : row.sdr) others.insert(target);
  std::vector<std::string> targets;
  for (const char* usual : {"vocals", "accompaniment", "drums", "bass", "other"})
    if (others.erase(usual) > 0) targets.emplace_back(usual);
  targets.insert(targets.end(), others.begin(), others.end());
  return targets;
}

std::map<std::string, Metrics> read_museval(const fs::path& path) {
  check_input_file("report", path);
  std::map<std::string, Metrics> scores;
  try {
    const json file = json::parse(with_null_for_nan(read_file(path)));
    for (const json& target : file.at("targets"))
      scores[target.at("name").get<std::string>()] = medians(target.at("frames"));
  } catch (const json::exception& error) {
    fail("report", "{} is not museval's JSON of a track's scores: {}", path.string(), error.what());
  }
  check(!scores.empty(), "report", "{} has scores of no target", path.string());
  return scores;
}

std::vector<Method> read_published(const fs::path& path) {
  const Csv csv = read_csv(path);
  check_header(csv, {"method", "track", "target", "SDR", "SIR", "ISR", "SAR"});
  std::vector<Method> methods;
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < csv.rows.size(); ++i) {
    const auto& row = csv.rows[i];
    const auto [place, is_new] = index.emplace(row[0], methods.size());
    if (is_new)
      methods.push_back({row[0], is_reference(row[0]) ? Origin::reference : Origin::published, Measure::museval, {}});
    Metrics metrics;
    for (size_t m = 0; m < metrics.size(); ++m) metrics[m] = csv.number(i, 3 + m);
    const bool added = methods[place->second].scores[row[2]].emplace(row[1], metrics).second;
    check(added, "report", "{} line {}: {}, {}, {} is there twice", path.string(), csv.lines[i], row[0], row[1],
          row[2]);
  }
  return methods;
}

std::vector<TableRow> read_table(const fs::path& path) {
  const Csv csv = read_csv(path);
  check(csv.header.size() >= 2 && csv.header[0] == "loss", "report",
        "{}: its columns are {}; a table of results has loss,vocals,drums,bass,other or the like", path.string(),
        fmt::join(csv.header, ","));
  std::vector<TableRow> rows;
  for (size_t i = 0; i < csv.rows.size(); ++i) {
    TableRow row{csv.rows[i][0], "study", {}};
    for (size_t column = 1; column < csv.header.size(); ++column)
      if (csv.header[column] != "mean") row.sdr[csv.header[column]] = csv.number(i, column);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace unmix
