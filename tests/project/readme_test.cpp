// The README and docs/ say what the code is: the table of losses is the registry's, and what they link to exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "base/file.h"
#include "data/registry.h"
#include "losses/registry.h"
#include "tests/support/paths.h"

namespace unmix::test {
namespace {

// Files that are linked to and do not exist; addresses of the web are left alone.
std::vector<std::string> broken_links(const std::string& markdown, const std::filesystem::path& folder) {
  static const std::regex link(R"(\]\(([^)#: ]+)[^)]*\))");
  std::vector<std::string> broken;
  for (auto it = std::sregex_iterator(markdown.begin(), markdown.end(), link); it != std::sregex_iterator(); ++it)
    if (const std::string target = (*it)[1]; target != "https" && !std::filesystem::exists(folder / target))
      broken.push_back(target);
  return broken;
}

TEST(Readme, LossesHaveTheTableOfTheRegistry) {
  const std::string page = read_file(source_path("docs/losses.md"));
  EXPECT_NE(page.find(loss_table_markdown()), std::string::npos) << "put in what `unmix info --markdown` prints";
}

TEST(Readme, TrainingHasTheTableOfDataSets) {
  const std::string page = read_file(source_path("docs/training.md"));
  EXPECT_NE(page.find(dataset_table_markdown()), std::string::npos) << "put in what `unmix info --markdown` prints";
}

TEST(Readme, LinksExist) {
  for (const auto& entry : std::filesystem::directory_iterator(source_path("docs")))
    if (entry.path().extension() == ".md") {
      EXPECT_EQ(broken_links(read_file(entry.path()), entry.path().parent_path()), std::vector<std::string>{});
    }
  EXPECT_EQ(broken_links(read_file(source_path("README.md")), source_path()), std::vector<std::string>{});
  EXPECT_EQ(broken_links("[a](none.md) [b](README.md)", source_path()), std::vector<std::string>{"none.md"});
}

}  // namespace
}  // namespace unmix::test
