// Text as other programs write and read it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unmix {

// Python writes NaN, Infinity and -Infinity, which are not JSON: null takes their place outside of strings.
std::string with_null_for_nan(const std::string& json);

// The whole text as a finite number written as in C++ or JSON, "3.5" or "-1e-3"; none for "3,5", "0x10", "nan", "1 s".
std::optional<double> parse_number(std::string_view text);

// Whether a file can have this name in a folder: no path, which could lead out of it, and not empty.
bool can_name_file(std::string_view name);

inline bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_utf8(std::string_view bytes);

// Bytes such as a file's name, which need not be UTF-8, as text that is: a byte that is not is written \xHH, and so is
// a backslash that begins what looks like one. from_utf8 gives the bytes again.
std::string to_utf8(std::string_view bytes);
std::string from_utf8(std::string_view text);

// A cell of a CSV line, UTF-8, in quotes where it needs them (RFC 4180).
std::string csv_cell(const std::string& cell);

// Without the byte order mark that editors of Windows put before UTF-8.
std::string_view without_bom(std::string_view text);

// The lines that hold something, without line ends, spaces behind and a byte order mark.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace unmix
