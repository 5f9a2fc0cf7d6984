#include "base/text.h"

#include <string_view>

namespace unmix {

std::string with_null_for_nan(const std::string& json) {
  std::string result;
  bool quoted = false;
  for (size_t i = 0; i < json.size();) {
    const std::string_view rest = std::string_view(json).substr(i);
    size_t length = quoted && json[i] == '\\' ? 2 : 1;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
      if (!quoted && rest.starts_with(word)) length = word.size();
    if (json[i] == '"') quoted = !quoted;
    result += length > 2 ? "null" : rest.substr(0, length);
    i += length;
  }
  return result;
}

std::string csv_cell(const std::string& cell) {
  if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
  std::string result = "\"";
  for (const char c : cell) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

}  // namespace unmix
