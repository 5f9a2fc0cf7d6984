// Tables of a TOML file, read key by key: an error names the file and the line, an unknown key the nearest ones.
#pragma once

#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <string>
#include <toml.hpp>
#include <vector>

#include "base/error.h"

namespace unmix {

class TomlTable {
 public:
  // A whole file. Throws UsageError for what is no TOML.
  static TomlTable read(const std::filesystem::path& file);

  // Throws unless the value is a table; `what` names it in messages: "[train]".
  TomlTable(std::string file, std::string what, toml::value value);

  // UsageError "study.toml:12: message" at this table, or at one of its values.
  template <class... Args>
  [[noreturn]] void fail(const toml::value& at, fmt::format_string<Args...> format, Args&&... args) const {
    throw UsageError(
        fmt::format("{}:{}: {}", file_, at.location().line(), fmt::format(format, std::forward<Args>(args)...)));
  }

  // Throws for the first key, line by line, that is none of the known ones.
  void check_keys(const std::vector<std::string>& known) const;

  const toml::value& value() const { return value_; }
  const toml::value* find(const std::string& key) const;
  bool boolean(const std::string& key, bool otherwise) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  // A string that is one of the choices.
  std::string choice(const std::string& key, const std::string& otherwise,
                     const std::vector<std::string>& choices) const;
  TomlTable table(const std::string& key) const;                // empty where there is none
  std::vector<TomlTable> tables(const std::string& key) const;  // of an array; empty where there is none

 private:
  std::string file_, what_;
  toml::value value_;
};

}  // namespace unmix
