#include "base/folder.h"

#include <fnmatch.h>
#include <strings.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

bool is_listed(const std::string& name) {
  constexpr std::array<const char*, 4> left_by_systems{"@eaDir", "__MACOSX", "Thumbs.db", "desktop.ini"};
  const auto same = [&](const char* other) { return ::strcasecmp(name.c_str(), other) == 0; };
  return !name.starts_with('.') && std::none_of(left_by_systems.begin(), left_by_systems.end(), same);
}

std::vector<fs::path> entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unknown;  // of a link that leads nowhere: it is neither
    const bool fits = folders ? entry->is_directory(unknown) : entry->is_regular_file(unknown);
    if (fits && is_listed(entry->path().filename().string())) found.push_back(entry->path());
  }
  check(!error, "folder", "cannot list {}: {}", folder.string(), error.message());
  std::sort(found.begin(), found.end());
  return found;
}

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  check(type != fs::file_type::none, "file", "{}: {}", path.string(), error.message());
  return type;
}

using Parts = fs::path::const_iterator;
using Matches = bool (*)(const std::string& name, const std::string& expected);

// The first file below the folder whose path matches part by part.
fs::path first_match(const fs::path& folder, Parts part, Parts end, Matches matches) {
  const std::string expected = part->string();
  const bool last = ++part == end;
  if (!last && (expected == "." || expected == "..")) return first_match(folder / expected, part, end, matches);
  for (const fs::path& entry : entries(folder, !last)) {
    if (!matches(entry.filename().string(), expected)) continue;
    if (last) return entry;
    if (fs::path found = first_match(entry, part, end, matches); !found.empty()) return found;
  }
  return {};
}

fs::path first_match(const fs::path& folder, const fs::path& expected, Matches matches) {
  return expected.empty() ? fs::path() : first_match(folder, expected.begin(), expected.end(), matches);
}

}  // namespace

std::vector<fs::path> files_in(const fs::path& folder) { return entries(folder, false); }

std::vector<fs::path> folders_in(const fs::path& folder) { return entries(folder, true); }

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files = files_in(folder);
  for (const fs::path& inner : folders_in(folder)) {
    if (fs::is_symlink(inner)) continue;
    const std::vector<fs::path> more = files_below(inner);
    files.insert(files.end(), more.begin(), more.end());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_file(const fs::path& path) { return type_of(path) == fs::file_type::regular; }

bool is_folder(const fs::path& path) { return type_of(path) == fs::file_type::directory; }

bool ends_in(const fs::path& path, std::string_view ending) {
  const std::string name = path.filename().string();
  return name.size() >= ending.size() &&
         ::strncasecmp(name.data() + name.size() - ending.size(), ending.data(), ending.size()) == 0;
}

fs::path find_file(const fs::path& folder, const std::string& name) {
  if (is_file(folder / name)) return folder / name;
  return first_match(folder, name, [](const std::string& found, const std::string& expected) {
    return ::strcasecmp(found.c_str(), expected.c_str()) == 0;
  });
}

fs::path find_match(const fs::path& folder, const std::string& pattern) {
  fs::path exact = first_match(folder, pattern, [](const std::string& name, const std::string& expected) {
    return ::fnmatch(expected.c_str(), name.c_str(), 0) == 0;
  });
  if (!exact.empty()) return exact;
  return first_match(folder, pattern, [](const std::string& name, const std::string& expected) {
    return ::fnmatch(expected.c_str(), name.c_str(), FNM_CASEFOLD) == 0;
  });
}

void make_folder(const char* where, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  check(!error, where, "cannot make the folder {}: {}", folder.string(), error.message());
}

}  // namespace unmix
