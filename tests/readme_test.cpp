// The README says what the code is: its table of losses is the registry's, and what it links to exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "base/file.h"
#include "losses/registry.h"

namespace unmix::test {
namespace {

std::vector<std::string> broken_links(const std::string& markdown, const std::filesystem::path& folder) {
  static const std::regex link(R"(\]\(([^)#: ]+)[^)]*\))");
  std::vector<std::string> broken;
  for (auto it = std::sregex_iterator(markdown.begin(), markdown.end(), link); it != std::sregex_iterator(); ++it)
    if (!std::filesystem::exists(folder / (*it)[1].str())) broken.push_back((*it)[1]);
  return broken;
}

TEST(Readme, HasTheTableOfTheRegistry) {
  const std::string readme = read_file(UNMIX_SOURCE_DIR "/README.md");
  EXPECT_NE(readme.find(loss_table_markdown()), std::string::npos) << "put in what `unmix info --markdown` prints";
}

TEST(Readme, LinksExist) {
  for (const auto& entry : std::filesystem::directory_iterator(UNMIX_SOURCE_DIR "/docs"))
    if (entry.path().extension() == ".md") {
      EXPECT_EQ(broken_links(read_file(entry.path()), entry.path().parent_path()), std::vector<std::string>{});
    }
  EXPECT_EQ(broken_links(read_file(UNMIX_SOURCE_DIR "/README.md"), UNMIX_SOURCE_DIR), std::vector<std::string>{});
  EXPECT_EQ(broken_links("[a](none.md) [b](README.md)", UNMIX_SOURCE_DIR), std::vector<std::string>{"none.md"});
}

}  // namespace
}  // namespace unmix::test
