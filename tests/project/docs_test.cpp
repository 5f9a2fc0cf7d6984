// README and docs/ agree with the tree: tables of the registries, links, names of code, the map of folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "base/file.h"
#include "base/folder.h"
#include "data/registry.h"
#include "losses/registry.h"
#include "tests/support/paths.h"

namespace unmix::test {
namespace {

std::string without_blocks(const std::string& markdown) {
  static const std::regex block("```[^`]*```");
  return std::regex_replace(markdown, block, "");
}

// Files that are linked to and do not exist; addresses of the web are left alone.
std::vector<std::string> broken_links(const std::string& page, const std::filesystem::path& folder) {
  const std::string markdown = without_blocks(page);
  static const std::regex link(R"(\]\(([^)#: ]+)[^)]*\))");
  std::vector<std::string> broken;
  for (auto it = std::sregex_iterator(markdown.begin(), markdown.end(), link); it != std::sregex_iterator(); ++it)
    if (const std::string target = (*it)[1]; target != "https" && !std::filesystem::exists(folder / target))
      broken.push_back(target);
  return broken;
}

TEST(Docs, LossesHaveTheTableOfTheRegistry) {
  const std::string page = read_file(source_path("docs/losses.md"));
  EXPECT_NE(page.find(loss_table_markdown()), std::string::npos) << "put in what `unmix info --markdown` prints";
}

TEST(Docs, TrainingHasTheTableOfDataSets) {
  const std::string page = read_file(source_path("docs/training.md"));
  EXPECT_NE(page.find(dataset_table_markdown()), std::string::npos) << "put in what `unmix info --markdown` prints";
}

std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> found{source_path("README.md"), source_path("CONTRIBUTING.md")};
  for (const auto& file : files_in(source_path("docs")))
    if (file.extension() == ".md") found.push_back(file);
  return found;
}

TEST(Docs, LinksExist) {
  for (const auto& page : pages())
    EXPECT_EQ(broken_links(read_file(page), page.parent_path()), std::vector<std::string>{}) << page;
  EXPECT_EQ(broken_links("[a](none.md) [b](README.md)", source_path()), std::vector<std::string>{"none.md"});
}

// Every source, script and build file in one text, and the paths of all files and folders.
struct Tree {
  std::string text;
  std::set<std::string> paths;
};

const Tree& tree() {
  static const Tree all = [] {
    Tree result;
    const std::set<std::string> kinds{".cpp", ".h", ".cmake", ".txt", ".sh", ".py", ".toml", ".json"};
    auto entry = std::filesystem::recursive_directory_iterator(source_path());
    for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
      const std::string name = entry->path().filename().string();
      if (entry.depth() == 0 && (name == "build" || name == ".git")) {
        entry.disable_recursion_pending();
        continue;
      }
      const std::string path = std::filesystem::relative(entry->path(), source_path()).string();
      result.paths.insert(path);
      if (entry->is_regular_file() && kinds.contains(entry->path().extension().string()) &&
          !path.starts_with("tests/golden"))
        result.text += read_file(entry->path());
    }
    return result;
  }();
  return all;
}

// A name in backticks that looks like code: it has ::, _ or / in it and no place to be filled in (NAME, <loss>).
bool looks_like_code(const std::string& name) {
  static const std::regex code(R"([A-Za-z0-9.][A-Za-z0-9_.:/]*[A-Za-z0-9/](\(\))?)"), special("[_/:]"),
      place(R"((^|/)[A-Z][A-Z_]*(/|\.|$)|://)");
  const std::string of_museval = "eval_dir";
  return std::regex_match(name, code) && std::regex_search(name, special) && !std::regex_search(name, place) &&
         name != of_museval;
}

bool in_tree(std::string name) {
  while (name.ends_with('/') || name.ends_with("()")) name.erase(name.size() - (name.ends_with('/') ? 1 : 2));
  const auto is_part = [&](const std::string& path) { return path == name || path.ends_with("/" + name); };
  if (std::ranges::any_of(tree().paths, is_part) || tree().text.find(name) != std::string::npos) return true;
  if ((" " + program_names() + " ").find(" " + name + " ") != std::string::npos) return true;  // train_<loss>
  const size_t scope = name.find("::");
  return scope != std::string::npos && in_tree(name.substr(0, scope)) && in_tree(name.substr(scope + 2));
}

// Names of code in a page, outside of blocks of it, that the tree does not have.
std::vector<std::string> unknown_names(const std::string& page) {
  static const std::regex quoted("`([^`\n]+)`");
  const std::string markdown = without_blocks(page);
  std::vector<std::string> unknown;
  for (auto it = std::sregex_iterator(markdown.begin(), markdown.end(), quoted); it != std::sregex_iterator(); ++it)
    if (const std::string name = (*it)[1]; looks_like_code(name) && !in_tree(name)) unknown.push_back(name);
  return unknown;
}

TEST(Docs, NamesOfCodeExist) {
  for (const auto& page : pages()) EXPECT_THAT(unknown_names(read_file(page)), testing::IsEmpty()) << page;
  const std::string control =
      std::string("`masked_") + "distance` and `tensor/" + "none.h`, `Tensor::empty`, `NAME/x.wav`";
  EXPECT_THAT(unknown_names(control), testing::SizeIs(2));
}

TEST(Docs, TheMapOfTheReadmeHasEveryFolder) {
  const std::string readme = read_file(source_path("README.md"));
  for (const auto& entry : std::filesystem::directory_iterator(source_path())) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name == "build" || name == ".git") continue;
    EXPECT_NE(readme.find(name + "/"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace unmix::test
