// Which version of a third-party library is in use; each folder reports on those that it links.
#pragma once

#include <fmt/core.h>

#include <string>

namespace unmix {

struct LibraryVersion {
  std::string name, version;
};

inline std::string dotted(unsigned major, unsigned minor, unsigned patch) {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

}  // namespace unmix
