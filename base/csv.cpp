#include "base/csv.h"

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace unmix {
namespace {

constexpr const char* kOp = "csv";

// Takes one line after the other off a text.
class CsvText {
 public:
  CsvText(std::string_view text, const std::filesystem::path& path) : text_(without_bom(text)), path_(path) {}

  bool ended() const { return at_ == text_.size(); }
  size_t line() const { return line_; }

  std::vector<std::string> cells() {
    std::vector<std::string> cells(1);
    while (!ended()) {
      const char c = text_[at_++];
      if (c == '"' && cells.back().empty()) {
        quoted(cells.back());
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        ++line_;
        break;
      } else if (c != '\r' || (!ended() && text_[at_] != '\n')) {
        cells.back() += c;
      }
    }
    return cells;
  }

 private:
  void quoted(std::string& cell) {
    const size_t first = line_;
    for (;;) {
      check(!ended(), kOp, "{} line {}: a quote is opened and never closed", path_.string(), first);
      const char c = text_[at_++];
      if (c == '"') {
        if (ended() || text_[at_] != '"') return;
        ++at_;
      }
      if (c == '\n') ++line_;
      cell += c;
    }
  }

  std::string_view text_;
  const std::filesystem::path& path_;
  size_t at_ = 0, line_ = 1;
};

}  // namespace

Csv read_csv(const std::filesystem::path& path) {
  check_input_file(kOp, path);
  const std::string bytes = read_file(path);
  CsvText text(bytes, path);
  Csv csv{path, text.cells(), {}, {}};
  while (!text.ended()) {
    const size_t line = text.line();
    std::vector<std::string> cells = text.cells();
    if (cells.size() == 1 && cells[0].empty()) continue;
    check(cells.size() == csv.header.size(), kOp, "{} line {}: it has {} cells, the first line {}", path.string(), line,
          cells.size(), csv.header.size());
    csv.rows.push_back(std::move(cells));
    csv.lines.push_back(line);
  }
  return csv;
}

double Csv::number(size_t row, size_t column) const {
  const std::string& cell = rows[row][column];
  if (cell.empty() || cell == "nan") return std::nan("");
  if (cell == "inf" || cell == "-inf") return cell == "inf" ? HUGE_VAL : -HUGE_VAL;
  const auto value = parse_number(cell);
  check(value.has_value(), kOp, "{} line {}: '{}' in column {} is not a number such as 3.5", path.string(), lines[row],
        cell, header[column]);
  return *value;
}

void check_header(const Csv& csv, const std::vector<std::string>& expected) {
  check(csv.header == expected, kOp, "{}: its columns are {}; {} are expected", csv.path.string(),
        fmt::join(csv.header, ","), fmt::join(expected, ","));
}

}  // namespace unmix
