#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "report/scores.h"

namespace unmix {
namespace {

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"')
      cells.back() += line[i++];
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += line[i];
  }
  return cells;
}

}  // namespace

Csv read_csv(const std::filesystem::path& path) {
  check_input_file("report", path);
  Csv csv;
  csv.path = path;
  const std::string text = read_file(path);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line(text.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin = end + 1;
    if (csv.header.empty()) {
      csv.header = cells_of(line);
    } else if (!line.empty()) {
      csv.rows.push_back(cells_of(line));
      check(csv.rows.back().size() == csv.header.size(), "report", "{} line {}: it has {} cells, the first line {}",
            path.string(), csv.rows.size() + 1, csv.rows.back().size(), csv.header.size());
    }
  }
  return csv;
}

double Csv::number(size_t row, size_t column) const {
  const std::string& cell = rows[row][column];
  if (cell.empty() || cell == "nan") return std::nan("");
  size_t used = 0;
  double value = 0.0;
  try {
    value = std::stod(cell, &used);
  } catch (const std::exception&) {
  }
  check(used == cell.size(), "report", "{} line {}: '{}' in column {} is not a number", path.string(), row + 2, cell,
        header[column]);
  return value;
}

void check_header(const Csv& csv, const std::vector<std::string>& expected) {
  check(csv.header == expected, "report", "{}: its columns are {}; {} are expected", csv.path.string(),
        fmt::join(csv.header, ","), fmt::join(expected, ","));
}

}  // namespace unmix
