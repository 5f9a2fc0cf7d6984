// unmix evaluate as a user runs it.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "audio_helpers.h"
#include "base/file.h"
#include "data/demo_songs.h"
#include "evaluation/score_files.h"
#include "program.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgramEvaluate : public ::testing::Test {
 protected:
  ProgramEvaluate() { write_demo_songs(folder_ / "songs", DemoSize::tiny); }

  ProgramResult oracle(const std::string& method, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"evaluate", "--method", method,      "--root",
                                          "songs",    "--is-wav", "--evaldir", "scores"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, folder_.path());
  }

  std::vector<fs::path> songs() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_ / "songs/test")) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }

  TemporaryFolder folder_;
};

TEST_F(ProgramEvaluate, AnOracleOnASubsetAndAgain) {
  const ProgramResult result = oracle("IRM1", {"--outdir", "estimates", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const nlohmann::json table = nlohmann::json::parse(result.output);
  EXPECT_GT(table["vocals"]["SDR"], 5);
  EXPECT_GT(table["accompaniment"]["SDR"], 5);
  EXPECT_THAT(result.errors, HasSubstr("[2/2] "));
  const std::vector<TrackEvaluation> written = read_score_folder(folder_ / "scores/test");
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[0].targets.size(), 5u);
  EXPECT_EQ(written[0].targets[0].frames.size(), 4u);
  EXPECT_THAT(read_file(folder_ / "scores/test.csv"), HasSubstr(",accompaniment,SIR,3,"));

  const ProgramResult again = oracle("IRM1", {"--json"});
  EXPECT_EQ(again.output, result.output);
  EXPECT_THAT(again.errors, HasSubstr("(kept)"));
  EXPECT_THAT(oracle("IRM1", {"--hop", "0.5"}).errors, Not(HasSubstr("(kept)")));

  const ProgramResult from_files =
      run_program({"evaluate", "--estimate", "estimates", "--root", "songs", "--is-wav", "--json"}, folder_.path());
  ASSERT_EQ(from_files.exit_code, 0) << from_files.errors;
  EXPECT_NEAR(nlohmann::json::parse(from_files.output)["vocals"]["SDR"].get<double>(),
              table["vocals"]["SDR"].get<double>(), 0.01);

  const ProgramResult printed =
      run_program({"evaluate", "--table", "scores", "--average", "pooled-mean"}, folder_.path());
  EXPECT_THAT(printed.output, HasSubstr("scores (pooled-mean)"));
  EXPECT_THAT(printed.output, HasSubstr("accompaniment"));
}

TEST_F(ProgramEvaluate, AnUnreadableSongIsNamedAndTheOthersScored) {
  write_file(songs()[0] / "bass.wav", "no sound");
  const ProgramResult result = oracle("mixture");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("1 of 2 tracks were not scored: " + songs()[0].filename().string()));
  EXPECT_THAT(result.errors, HasSubstr("bass.wav"));
  EXPECT_THAT(result.output, HasSubstr("vocals"));
  EXPECT_EQ(read_score_folder(folder_ / "scores/test").size(), 1u);
}

TEST_F(ProgramEvaluate, MissingEstimatesAreNamed) {
  fs::create_directories(folder_ / "estimates/test");
  const ProgramResult result =
      run_program({"evaluate", "--estimate", "estimates", "--root", "songs", "--is-wav"}, folder_.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("2 of 2 tracks were not scored"));
  EXPECT_THAT(result.errors, HasSubstr("there is no folder estimates/test/"));
}

TEST_F(ProgramEvaluate, APairOfFoldersWithoutMusdb) {
  fs::create_directories(folder_ / "true");
  fs::create_directories(folder_ / "mine");
  for (const char* name : {"speech", "noise"}) {
    const Audio source = std::string(name) == "speech" ? tone(16000, 1, 40000) : noise(16000, 1, 40000);
    Audio estimate = source;
    for (size_t i = 0; i < estimate.samples.size(); ++i) estimate.samples[i] += i % 7 == 0 ? 0.05f : 0.0f;
    estimate.samples.resize(39000);
    write_audio(folder_ / "true" / (std::string(name) + ".wav"), source, SampleFormat::floating);
    write_audio(folder_ / "mine" / (std::string(name) + ".wav"), estimate, SampleFormat::floating);
  }
  const ProgramResult result = run_program({"evaluate", "--reference", "true", "--estimate", "mine", "--mode", "v3",
                                            "--win", "global", "--evaldir", "scores"},
                                           folder_.path());
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("speech"));
  const TrackEvaluation scores = read_scores(folder_ / "scores/true.json").scores;
  EXPECT_EQ(scores.targets[0].frames.size(), 1u);
  EXPECT_EQ(scores.window, 2.5);
}

TEST_F(ProgramEvaluate, WrongUsageIsOneLine) {
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "evaluate");
    return run_program(arguments, folder_.path());
  };
  expect_error(run({}), 2, "--model DIR, --method NAME, --estimate DIR");
  expect_error(run({"--method", "IRM1"}), 2, "--root DIR");
  expect_error(run({"--method", "IRM3", "--root", "songs", "--is-wav"}), 2, "--method IRM3: there are mixture");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--mode", "v5"}), 2, "--mode v5");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--win", "0"}), 2, "--win 0");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--average", "median"}), 2, "--average median");
  expect_error(run({"--method", "IRM1", "--root", "songs"}), 1, "--is-wav is for folders of WAV files");
  expect_error(run({"--method", "IRM1", "--root", "nowhere"}), 1, "nowhere has no folder 'test'");
}

}  // namespace
}  // namespace unmix::test
