#include "base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace unmix {

namespace {

// Bytes of the UTF-8 character that the text begins with; 0: it is none (RFC 3629: no longer form than needed, no
// surrogates, nothing above U+10FFFF).
size_t character(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (size_t i = 1; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  const unsigned second = byte(1);
  const bool too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return too_long || outside ? 0 : length;
}

// -1: no hexadecimal digit as to_utf8 writes it.
int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool is_escape(std::string_view text) {
  return text.size() >= 4 && text.starts_with("\\x") && digit(text[2]) >= 0 && digit(text[3]) >= 0;
}

}  // namespace

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

std::optional<double> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool can_name_file(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = character(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string to_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t length = character(bytes);
    if (length == 0 || is_escape(bytes)) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(std::max<size_t>(length, 1));
  }
  return text;
}

std::string from_utf8(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const bool escape = is_escape(text);
    bytes += escape ? static_cast<char>(16 * digit(text[2]) + digit(text[3])) : text[0];
    text.remove_prefix(escape ? 4 : 1);
  }
  return bytes;
}

std::string csv_cell(const std::string& bytes) {
  std::string cell = to_utf8(bytes);
  if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
  std::string result = "\"";
  for (const char c : cell) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

std::string_view without_bom(std::string_view text) {
  constexpr std::string_view bom = "\xef\xbb\xbf";
  return text.starts_with(bom) ? text.substr(bom.size()) : text;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::string_view rest = without_bom(text); !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const size_t last = rest.substr(0, end).find_last_not_of(" \t\r");
    if (last != std::string_view::npos) lines.emplace_back(rest.substr(0, last + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

}  // namespace unmix
