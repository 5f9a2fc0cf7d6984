// Text as other programs write and read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace unmix {

// Python writes NaN, Infinity and -Infinity, which are not JSON: null takes their place outside of strings.
std::string with_null_for_nan(const std::string& json);

// The whole text as a finite number written as in C++ or JSON, "3.5" or "-1e-3"; none for "3,5", "0x10", "nan", "1 s".
std::optional<double> parse_number(std::string_view text);

// Whether a file can have this name in a folder: no path, which could lead out of it, and not empty.
bool can_name_file(std::string_view name);

// A cell of a CSV line, in quotes where it needs them (RFC 4180).
std::string csv_cell(const std::string& cell);

}  // namespace unmix
