#include "report/tables.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "evaluation/statistics.h"
#include "report/svg.h"

namespace unmix {
namespace {

std::string decibels(double value) { return std::isnan(value) ? "" : fmt::format("{:.2f}", value); }

std::string probability(double p) { return p < 1e-300 ? "<1e-300" : fmt::format("{:.3g}", p); }

std::string markdown_cell(const std::string& cell) {
  std::string result;
  for (const char c : cell) result += c == '|' ? std::string("\\|") : c == '\n' ? std::string(" ") : std::string(1, c);
  return result;
}

const char* name_of(Origin origin) {
  return origin == Origin::ours ? "ours" : origin == Origin::published ? "published" : "reference";
}

// "50", or "48-50" where targets have scores of different numbers of tracks.
std::string track_count(const Method& method) {
  size_t least = SIZE_MAX, most = 0;
  for (const auto& [target, tracks] : method.scores) {
    const size_t count = method.values(target).size();
    least = std::min(least, count), most = std::max(most, count);
  }
  return least == most ? fmt::format("{}", most) : fmt::format("{}-{}", least, most);
}

struct Line {
  std::string name, tracks;
  std::map<std::string, double> sdr;
  bool ours;
};

std::vector<Line> lines_of(const std::vector<Method>& methods, Measure measure,
                           const std::vector<TableRow>& published) {
  std::vector<Line> lines;
  for (const Method& method : methods) {
    Line line{method.name, track_count(method), {}, method.origin == Origin::ours};
    for (const auto& [target, tracks] : method.scores) {
      const std::vector<double> values = method.values(target);
      line.sdr[target] = measure == Measure::museval ? median(values) : mean(values);
    }
    lines.push_back(std::move(line));
  }
  for (const TableRow& row : published) lines.push_back({row.label(), "", row.sdr, false});
  return lines;
}

}  // namespace

const char* name_of(Measure measure) { return measure == Measure::museval ? "museval" : "whole file"; }

void Table::add(std::vector<std::string> row, bool mark) {
  rows.push_back(std::move(row));
  marked.push_back(mark);
}

std::string markdown(const Table& table) {
  std::string text = "|", rule = "|";
  for (size_t i = 0; i < table.header.size(); ++i) {
    text += fmt::format(" {} |", table.header[i]);
    rule += i < table.texts ? "---|" : "---:|";
  }
  text += fmt::format("\n{}\n", rule);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    text += "|";
    for (size_t j = 0; j < table.rows[i].size(); ++j) {
      const std::string cell = markdown_cell(table.rows[i][j]);
      text += table.marked[i] && j == 0 ? fmt::format(" **{}** |", cell) : fmt::format(" {} |", cell);
    }
    text += "\n";
  }
  return text;
}

std::string csv(const Table& table) {
  const auto line = [](std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = csv_cell(cell);
    return fmt::format("{}\n", fmt::join(cells, ","));
  };
  std::string text = line(table.header);
  for (const auto& row : table.rows) text += line(row);
  return text;
}

std::string html(const Table& table) {
  std::string text = "<div class=\"table\"><table>\n<thead><tr>";
  for (size_t i = 0; i < table.header.size(); ++i)
    text += fmt::format("<th scope=\"col\"{}>{}</th>", i < table.texts ? "" : " class=\"number\"",
                        escaped(table.header[i]));
  text += "</tr></thead>\n<tbody>\n";
  for (size_t i = 0; i < table.rows.size(); ++i) {
    text += table.marked[i] ? "<tr class=\"ours\">" : "<tr>";
    for (size_t j = 0; j < table.rows[i].size(); ++j) {
      const std::string cell = escaped(table.rows[i][j]);
      if (j == 0)
        text += fmt::format("<th scope=\"row\">{}</th>", cell);
      else
        text += fmt::format("<td{}>{}</td>", j < table.texts ? "" : " class=\"number\"", cell);
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

Table summary_table(const std::vector<Method>& methods, Measure measure, const std::vector<TableRow>& published) {
  std::vector<Line> lines = lines_of(methods, measure, published);
  const std::vector<std::string> targets = targets_of(methods, published);
  const auto rank = [&](const Line& line) {
    for (const std::string& target : targets)
      if (const auto sdr = line.sdr.find(target); sdr != line.sdr.end() && !std::isnan(sdr->second)) return sdr->second;
    return -HUGE_VAL;
  };
  std::stable_sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) { return rank(a) > rank(b); });
  Table table{{"method", "tracks"}, {}};
  table.header.insert(table.header.end(), targets.begin(), targets.end());
  for (const Line& line : lines) {
    std::vector<std::string> row{line.name, line.tracks};
    for (const std::string& target : targets) {
      const auto sdr = line.sdr.find(target);
      row.push_back(sdr == line.sdr.end() ? "" : decibels(sdr->second));
    }
    table.add(std::move(row), line.ours);
  }
  return table;
}

Table full_table(const std::vector<Method>& methods) {
  Table table{{"method", "origin", "measure", "target", "tracks"}, {}, 4};
  for (const char* metric : kMetrics) table.header.push_back(fmt::format("{} median", metric));
  for (const char* column : {"SDR quartile 1", "SDR quartile 3", "SDR mean"}) table.header.emplace_back(column);
  for (const Method& method : methods)
    for (const auto& [target, tracks] : method.scores) {
      const std::vector<double> sdr = method.values(target);
      std::vector<std::string> row{method.name, name_of(method.origin), name_of(method.measure), target,
                                   fmt::format("{}", sdr.size())};
      for (size_t m = 0; m < kMetrics.size(); ++m) row.push_back(decibels(median(method.values(target, m))));
      for (const double value : {quantile(sdr, 0.25), quantile(sdr, 0.75), mean(sdr)}) row.push_back(decibels(value));
      table.add(std::move(row), method.origin == Origin::ours);
    }
  return table;
}

Table track_table(const std::vector<Method>& methods) {
  Table table{{"method", "track", "target", "SDR", "SIR", "ISR", "SAR"}, {}, 3};
  for (const Method& method : methods) {
    if (method.origin != Origin::ours || method.measure != Measure::museval) continue;
    for (const auto& [target, tracks] : method.scores)
      for (const auto& [track, metrics] : tracks) {
        std::vector<std::string> row{method.name, track, target};
        for (const double value : metrics) row.push_back(std::isnan(value) ? "" : fmt::format("{:.5f}", value));
        table.add(std::move(row));
      }
  }
  return table;
}

Table pair_table(const std::vector<Comparison>& comparisons) {
  Table table{
      {"measure", "target", "method a", "method b", "tracks", "median of a - b, dB", "W", "p", "p (Holm)"}, {}, 4};
  for (const Comparison& c : comparisons)
    for (const Pair& pair : c.pairs)
      table.add({name_of(c.measure), c.target, c.names[pair.a], c.names[pair.b], fmt::format("{}", pair.tracks),
                 decibels(pair.difference), fmt::format("{:g}", pair.test.w), probability(pair.test.p),
                 probability(pair.corrected)});
  return table;
}

Table friedman_table(const std::vector<Comparison>& comparisons) {
  Table table{{"target", "measure", "methods", "common tracks", "chi²", "p", "pairs that differ", "of"}, {}, 2};
  for (const Comparison& c : comparisons) {
    const auto differing =
        std::count_if(c.pairs.begin(), c.pairs.end(), [](const Pair& pair) { return pair.corrected < kSignificant; });
    table.add({c.target, name_of(c.measure), fmt::format("{}", c.names.size()), fmt::format("{}", c.common),
               c.all ? fmt::format("{:.2f}", c.all->chi2) : "", c.all ? probability(c.all->p) : "",
               fmt::format("{}", differing), fmt::format("{}", c.pairs.size())});
  }
  return table;
}

}  // namespace unmix
