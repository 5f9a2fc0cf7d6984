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

#include "paths.h"

namespace {

namespace fs = std::filesystem;
using Folders = std::set<std::string>;

// What each folder may include beside itself. apps, bench and tests may include everything.
const std::map<std::string, Folders> kAllowed = {
    {"base", {}},
    {"tensor", {"base"}},
    {"autograd", {"base", "tensor"}},
    {"layers", {"base", "tensor", "autograd"}},
    {"losses", {"base", "tensor", "autograd", "layers", "models"}},
    {"models", {"base", "tensor", "autograd", "layers"}},
    {"optim", {"base", "tensor", "autograd", "layers"}},
    {"audio", {"base"}},
    {"data", {"base", "audio"}},
    {"training", {"base", "tensor", "autograd", "layers", "losses", "models", "optim", "audio", "data"}},
    {"separation", {"base", "tensor", "autograd", "layers", "models", "audio"}},
    {"evaluation", {"base", "audio"}},
    {"report", {"base", "audio", "evaluation"}},
    {"experiments",
     {"base", "tensor", "autograd", "layers", "losses", "models", "optim", "audio", "data", "training", "separation",
      "evaluation", "report"}},
};

// Single headers beyond that: batches of data are stored in tensors, but nothing is computed with them there.
const std::map<std::string, std::set<std::string>> kAllowedHeaders = {{"data", {"tensor/tensor.h"}}};

bool may_include(const std::string& folder, const std::string& header) {
  const std::string other = header.substr(0, header.find('/'));
  if (other == folder || kAllowed.at(folder).contains(other)) return true;
  const auto headers = kAllowedHeaders.find(folder);
  return headers != kAllowedHeaders.end() && headers->second.contains(header);
}

// Every forbidden include under `root`, as "tensor/tensor.cpp includes autograd/var.h".
std::vector<std::string> forbidden_includes(const fs::path& root) {
  static const std::regex include(R"re(^\s*#\s*include\s*"([^"]+)")re");
  std::vector<std::string> found;
  for (const auto& [folder, allowed] : kAllowed) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() != ".h" && path.extension() != ".cpp") continue;
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include) || !fs::exists(root / match[1].str())) continue;
        if (!may_include(folder, match[1])) {
          found.push_back(fs::relative(path, root).string() + " includes " + match[1].str());
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
  EXPECT_EQ(forbidden_includes(unmix::test::source_path()), std::vector<std::string>{});
}

TEST(IncludeDirection, EveryFolderIsInTheTable) {
  for (const std::string& folder : source_folders(unmix::test::source_path())) {
    const bool top = folder == "apps" || folder == "bench" || folder == "tests";
    EXPECT_TRUE(top || kAllowed.contains(folder)) << folder << " has no row in the table of this test";
  }
}

TEST(IncludeDirection, TheTableHasNoCycle) {
  for (const auto& [folder, allowed] : kAllowed) {
    for (const std::string& other : allowed) {
      EXPECT_FALSE(kAllowed.at(other).contains(folder)) << folder << " and " << other << " include each other";
      for (const std::string& below : kAllowed.at(other)) {
        EXPECT_TRUE(allowed.contains(below)) << folder << " may include " << other << " but not its " << below;
      }
    }
  }
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
  write("tensor/random.h", "");
  write("data/batch.cpp", "#include \"tensor/tensor.h\"\n# include \"tensor/random.h\"\n");
  const std::vector<std::string> expected = {"data/batch.cpp includes tensor/random.h",
                                             "tensor/tensor.cpp includes autograd/var.h"};
  EXPECT_EQ(forbidden_includes(root), expected);
  fs::remove_all(root);
}

}  // namespace
