// Comma-separated values (RFC 4180): cells may stand in double quotes, which then may hold commas, lines and, doubled,
// quotes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmix {

// Rows of a file; each has the header's number of cells. Empty lines are left out.
struct Csv {
  std::filesystem::path path;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> lines;  // in which the rows begin, from 1

  double number(size_t row, size_t column) const;  // NaN for an empty cell or "nan"; throws for other words
};

// Throws, naming the file and the line, for what is not so.
Csv read_csv(const std::filesystem::path& path);

void check_header(const Csv& csv, const std::vector<std::string>& expected);

}  // namespace unmix
