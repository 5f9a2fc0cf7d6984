#include "experiments/toml_table.h"

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "base/suggest.h"
#include "base/text.h"

namespace unmix {
namespace {

// Of toml11's many lines about a syntax error what it expected: "[error] toml::parse_table: missing ... --> ...".
std::string reason(const std::string& message) {
  std::string line = message.substr(0, message.find('\n'));
  const size_t colon = line.rfind("toml::") == std::string::npos ? std::string::npos : line.find(": ");
  if (colon != std::string::npos) line = line.substr(colon + 2);
  return line;
}

}  // namespace

TomlTable TomlTable::read(const std::filesystem::path& file) {
  check_input_file("experiments", file);
  const std::string content(without_bom(read_file(file)));
  // toml11 3 reads out of bounds where it reports other bytes.
  if (!is_utf8(content)) throw UsageError(fmt::format("{}: this is no TOML: it is not UTF-8 text", file.string()));
  std::istringstream text(content);
  try {
    return {file.string(), "the file", toml::parse(text, file.string())};
  } catch (const toml::exception& error) {
    throw UsageError(
        fmt::format("{}:{}: this is no TOML: {}", file.string(), error.location().line(), reason(error.what())));
  }
}

TomlTable::TomlTable(std::string file, std::string what, toml::value value)
    : file_(std::move(file)), what_(std::move(what)), value_(std::move(value)) {
  if (!value_.is_table()) fail(value_, "{} must be a table", what_);
}

void TomlTable::check_keys(const std::vector<std::string>& known) const {
  const toml::value* first = nullptr;
  std::string name;
  for (const auto& [key, value] : value_.as_table()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (first != nullptr && first->location().line() <= value.location().line()) continue;
    first = &value;
    name = key;
  }
  if (first != nullptr)
    fail(*first, "{} has no key '{}'; nearest: {}", what_, name, fmt::join(nearest_names(name, known), ", "));
}

const toml::value* TomlTable::find(const std::string& key) const {
  const auto found = value_.as_table().find(key);
  return found == value_.as_table().end() ? nullptr : &found->second;
}

bool TomlTable::boolean(const std::string& key, bool otherwise) const {
  const toml::value* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_boolean()) fail(*found, "{} is true or false", key);
  return found->as_boolean();
}

std::string TomlTable::text(const std::string& key, const std::string& otherwise) const {
  const toml::value* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_string()) fail(*found, "{} is a text in quotes", key);
  return found->as_string().str;
}

std::string TomlTable::choice(const std::string& key, const std::string& otherwise,
                              const std::vector<std::string>& choices) const {
  std::string chosen = text(key, otherwise);
  if (chosen != otherwise && std::find(choices.begin(), choices.end(), chosen) == choices.end())
    fail(*find(key), "{} '{}': give one of {}", key, chosen, fmt::join(choices, ", "));
  return chosen;
}

TomlTable TomlTable::table(const std::string& key) const {
  const toml::value* found = find(key);
  return {file_, fmt::format("[{}]", key), found == nullptr ? toml::value(toml::table{}) : *found};
}

std::vector<TomlTable> TomlTable::tables(const std::string& key) const {
  const toml::value* found = find(key);
  std::vector<TomlTable> result;
  if (found == nullptr) return result;
  if (!found->is_array()) fail(*found, "{} is a list of tables: [[{}]]", key, key);
  for (const toml::value& element : found->as_array())
    result.emplace_back(file_, fmt::format("a [[{}]]", key), element);
  return result;
}

}  // namespace unmix
