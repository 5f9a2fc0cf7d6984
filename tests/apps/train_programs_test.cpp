// train_<loss>: there is one for every registered loss, and each trains.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/file.h"
#include "data/demo_songs.h"
#include "losses/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "training/options.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

std::string program_of(std::string_view loss) {
  std::string name = fmt::format("train_{}", loss);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

std::vector<std::string> losses() {
  std::vector<std::string> names;
  for (const LossEntry& loss : loss_registry()) names.emplace_back(loss.name);
  return names;
}

// CMake reads the names off the text of the registry; here they are those that the program has.
TEST(TrainOfOneLoss, IsOnePerRegisteredLoss) {
  std::set<std::string> built, expected{"unmix"};
  std::istringstream list(program_names());
  for (std::string name; list >> name;) built.insert(name);
  for (const std::string& loss : losses()) expected.insert(program_of(loss));
  EXPECT_EQ(built, expected);
}

class TrainPrograms : public testing::TestWithParam<std::string> {};

// Two steps on the demo's songs.
TEST_P(TrainPrograms, TrainTwoSteps) {
  const TemporaryFolder folder;
  write_demo_songs(folder / "songs", DemoSize::tiny);
  const ProgramResult result = run_program({"--root",
                                            (folder / "songs").string(),
                                            "--is-wav",
                                            "--cache",
                                            (folder / "cache").string(),
                                            "--output",
                                            (folder / "model").string(),
                                            "--device",
                                            "cpu",
                                            "--nfft",
                                            "512",
                                            "--nhop",
                                            "256",
                                            "--hidden-size",
                                            "8",
                                            "--nb-layers",
                                            "1",
                                            "--batch-size",
                                            "2",
                                            "--seq-dur",
                                            "0.5",
                                            "--samples-per-track",
                                            "2",
                                            "--epochs",
                                            "1"},
                                           {}, program_of(GetParam()));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_file(folder / "model/joint.json"));
  EXPECT_EQ(json.at("args").at("loss"), GetParam());
  EXPECT_EQ(json.at("train_loss_history").size(), 1u);
  EXPECT_TRUE(fs::exists(folder / "model/joint.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(Losses, TrainPrograms, testing::ValuesIn(losses()),
                         [](const auto& info) { return info.param; });

TEST(TrainOfOneLoss, TakesNoOtherLossAndTellsTheNearestOption) {
  const std::string program = program_of(losses().front());
  const ProgramResult result = run_program({"--loss", "L2freq"}, {}, program);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.errors, testing::StartsWith(program + ": error: "));
  EXPECT_THAT(result.errors, testing::HasSubstr("has no option --loss"));
  EXPECT_EQ(run_program({"--root", "/nowhere"}, {}, program).exit_code, 1);
  const ProgramResult version = run_program({"--version"}, {}, program);
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output, testing::StartsWith(program + " "));
}

}  // namespace
}  // namespace unmix::test
