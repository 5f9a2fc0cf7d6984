// Text as other programs write and read it.
#pragma once

#include <string>

namespace unmix {

// Python writes NaN, Infinity and -Infinity, which are not JSON: null takes their place outside of strings.
std::string with_null_for_nan(const std::string& json);

// A cell of a CSV line, in quotes where it needs them (RFC 4180).
std::string csv_cell(const std::string& cell);

}  // namespace unmix
