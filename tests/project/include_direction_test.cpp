// Dependencies between the folders point one way: a file includes only what its folder may know.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/paths.h"

namespace {

using unmix::read_file;
namespace fs = std::filesystem;
using Folders = std::set<std::string>;
using Table = std::map<std::string, Folders>;

// What each folder may include beside itself: what CMakeLists.txt lets its library depend on, and what that may
// include. A folder that is named before it has a row of its own stands for a cycle or an arrow upward: it is not in
// the result.
Table parse_table(const std::string& cmake) {
  static const std::regex library(R"(unmix_library\((\w+)([^)]*)\))"), word(R"(\S+)");
  Table table;
  for (std::sregex_iterator entry(cmake.begin(), cmake.end(), library), end; entry != end; ++entry) {
    const std::string arguments = (*entry)[2];
    Folders& allowed = table[(*entry)[1]];
    bool depends = false;
    for (std::sregex_iterator at(arguments.begin(), arguments.end(), word); at != end; ++at) {
      if (at->str() == "DEPENDS" || at->str() == "PUBLIC" || at->str() == "PRIVATE") {
        depends = at->str() == "DEPENDS";
      } else if (depends && table.contains(at->str())) {
        allowed.insert(at->str());
        allowed.insert(table[at->str()].begin(), table[at->str()].end());
      }
    }
  }
  return table;
}

const Table& allowed_includes() {
  static const Table table = parse_table(read_file(unmix::test::source_path("CMakeLists.txt")));
  return table;
}

// Every forbidden include under `root`, as "tensor/tensor.cpp includes autograd/var.h".
std::vector<std::string> forbidden_includes(const fs::path& root, const Table& table) {
  static const std::regex include(R"re(^\s*#\s*include\s*"([^"]+)")re");
  std::vector<std::string> found;
  for (const auto& [folder, allowed] : table) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".h" && path.extension() != ".cpp") continue;
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include) || !fs::exists(root / match[1].str())) continue;
        const std::string header = match[1], other = header.substr(0, header.find('/'));
        if (other != folder && !allowed.contains(other)) {
          found.push_back(fs::relative(path, root).string() + " includes " + header);
        }
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Folders of the project that hold C++ headers or sources.
Folders source_folders(const fs::path& root) {
  Folders folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (!entry.is_directory() || entry.path().filename() == "build") continue;
    for (const auto& file : fs::directory_iterator(entry.path())) {
      if (file.path().extension() == ".cpp") folders.insert(entry.path().filename().string());
    }
  }
  return folders;
}

TEST(IncludeDirection, EveryFolderIncludesOnlyWhatItMayKnow) {
  EXPECT_EQ(forbidden_includes(unmix::test::source_path(), allowed_includes()), std::vector<std::string>{});
}

TEST(IncludeDirection, EveryFolderIsInTheTable) {
  EXPECT_GE(allowed_includes().size(), 15u);
  for (const std::string& folder : source_folders(unmix::test::source_path())) {
    const bool top = folder == "apps" || folder == "bench" || folder == "tests";
    EXPECT_TRUE(top || allowed_includes().contains(folder)) << folder << " is no library of CMakeLists.txt";
  }
}

TEST(IncludeDirection, TheTableIsRead) {
  const Table expected{{"base", {}}, {"tensor", {"base"}}, {"autograd", {"base", "tensor"}}, {"odd", {}}};
  EXPECT_EQ(
      parse_table("unmix_library(base PUBLIC fmt::fmt)\nunmix_library(tensor DEPENDS base\n  PRIVATE ZLIB::ZLIB)\n"
                  "unmix_library(autograd DEPENDS tensor)\nunmix_library(odd DEPENDS later)\n"),
      expected);
}

// Negative control: a tree with forbidden includes is reported, the allowed ones beside them are not.
TEST(IncludeDirection, ForbiddenIncludesAreFound) {
  const fs::path root = fs::path(::testing::TempDir()) / ("unmix_include_direction_" + std::to_string(::getpid()));
  const auto write = [&](const std::string& name, const std::string& text) {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  };
  write("base/error.h", "#pragma once\n");
  write("autograd/var.h", "#include \"tensor/tensor.h\"\n");
  write("tensor/tensor.h", "#include \"base/error.h\"\n#include <vector>\n");
  write("tensor/tensor.cpp", "#include \"tensor/tensor.h\"\n#include \"autograd/var.h\"\n");
  write("data/batch.cpp", "#include \"tensor/tensor.h\"\n# include \"autograd/var.h\"\n");
  const std::vector<std::string> expected = {"data/batch.cpp includes autograd/var.h",
                                             "tensor/tensor.cpp includes autograd/var.h"};
  EXPECT_EQ(forbidden_includes(root, allowed_includes()), expected);
  fs::remove_all(root);
}

}  // namespace
