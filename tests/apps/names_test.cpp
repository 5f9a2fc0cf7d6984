// Names that are no UTF-8, of every file and folder that a program takes, and names at the limit of the file system.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/training_runs.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ProgramNames : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(ProgramNames, AreBytes) {
  const fs::path root = folder_ / "s\xe9", model = folder_ / "m\xe9";
  fs::copy(songs(), root, fs::copy_options::recursive);
  for (const char* subset : {"train", "test"})
    for (const auto& song : std::vector<fs::path>{fs::directory_iterator(root / subset)->path()})
      fs::rename(song, root / subset / "n\xe9");
  fs::remove(root / "validation.txt");
  const auto train = [&](int epochs, const Arguments& more) {
    Arguments arguments = train_arguments(model, epochs, more);
    *(std::find(arguments.begin(), arguments.end(), "--root") + 1) = root.string();
    return run_program(arguments);
  };
  ASSERT_TRUE(succeeded(train(1, {})));
  ASSERT_TRUE(succeeded(train(2, {"--checkpoint", model.string()})));
  const auto record = nlohmann::json::parse(read_file(model / "joint.json"));
  EXPECT_EQ(record.at("epochs_trained"), 2);
  EXPECT_EQ(from_utf8(record.at("args").at("root").get<std::string>()), root.string());

  write_audio(folder_ / "l\xe9.wav", tone(44100, 2, 20000));
  const ProgramResult separated = run_program({"separate", "l\xe9.wav", "--model", "m\xe9", "--json"}, folder_.path());
  ASSERT_TRUE(succeeded(separated));
  EXPECT_THAT(separated.output, HasSubstr("l\\\\xe9"));
  EXPECT_TRUE(fs::exists(folder_ / "l\xe9_m\xe9/vocals.wav"));

  const ProgramResult scored = run_program({"evaluate", "--method", "mixture", "--root", "s\xe9", "--is-wav", "--json",
                                            "--evaldir", "e\xe9", "--targets", "vocals", "drums"},
                                           folder_.path());
  ASSERT_TRUE(succeeded(scored));
  EXPECT_TRUE(is_utf8(read_file(folder_ / "e\xe9/test.csv")));
  ASSERT_TRUE(succeeded(run_program({"report", "e\xe9", "m\xe9", "--output", "r\xe9"}, folder_.path())));
  for (const char* file : {"index.html", "report.md", "tracks.csv", "scores.csv"})
    EXPECT_TRUE(is_utf8(read_file(folder_ / "r\xe9" / file))) << file;
  EXPECT_THAT(read_file(folder_ / "r\xe9/tracks.csv"), HasSubstr("n\\xe9"));
}

TEST_F(ProgramNames, ThatAreTooLongAreOneLine) {
  const std::string name(300, 'n');
  for (const Arguments& arguments : std::vector<Arguments>{
           {"separate", "x.wav", "--model", name},
           {"evaluate", "--method", "mixture", "--root", name},
           {"evaluate", "--table", name},
           {"metrics", "--reference", name, "--estimate", name},
           {"report", name},
           {"convert", name, "out"},
           {"experiments", name},
           {"train", "--root", name, "--output", "out"},
           {"train", "--dataset", "trackfolder_var", "--target-file", "v.wav", "--root", name, "--output", "out"}})
    expect_error(run_program(arguments, folder_.path()), 1, "File name too long");
}

}  // namespace
}  // namespace unmix::test
