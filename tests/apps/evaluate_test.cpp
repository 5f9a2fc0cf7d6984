// unmix evaluate as a user runs it.
#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/folder.h"
#include "data/demo_songs.h"
#include "evaluation/score_files.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/small_models.h"

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

  std::vector<fs::path> songs() const { return folders_in(folder_ / "songs/test"); }
  void leave_one_song() const { fs::remove_all(songs()[1]); }

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

TEST_F(ProgramEvaluate, WhatSystemsLeaveBehindIsNoSong) {
  leave_one_song();
  for (const char* name : {"test/.ipynb_checkpoints", "train/.ipynb_checkpoints", "test/@eaDir"})
    fs::create_directory(folder_ / "songs" / name);
  const ProgramResult result = oracle("mixture", {"--outdir", "estimates"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("[1/1] "));
  const std::string song = songs()[0].filename().string();
  write_file(folder_ / "estimates/test" / song / "._vocals.wav", "no sound");
  write_file(folder_ / ("scores/test/._" + song + ".json"), "no scores");
  const ProgramResult again =
      run_program({"evaluate", "--estimate", "estimates", "--root", "songs", "--is-wav"}, folder_.path());
  EXPECT_EQ(again.exit_code, 0) << again.errors;
  const ProgramResult printed = run_program({"evaluate", "--table", "scores"}, folder_.path());
  EXPECT_EQ(printed.exit_code, 0) << printed.errors;
}

TEST_F(ProgramEvaluate, TheValidationTracksOfTheListAreASubset) {
  const ProgramResult result = oracle("mixture", {"--subset", "valid"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("[1/1] "));
  EXPECT_EQ(read_score_folder(folder_ / "scores/valid").size(), 1u);
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

// Gives the file another time, as whoever replaces it does.
void touch(const fs::path& file) { fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(5)); }

TEST_F(ProgramEvaluate, ReplacedFilesAreScoredAnew) {
  leave_one_song();
  ASSERT_EQ(oracle("IRM1", {"--outdir", "estimates", "--win", "global"}).exit_code, 0);
  const auto score = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"evaluate", "--estimate", "estimates", "--root",    "songs",
                                    "--is-wav", "--win",      "global",    "--evaldir", "estimated"};
    all.insert(all.end(), more.begin(), more.end());
    const ProgramResult result = run_program(all, folder_.path());
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.errors;
  };
  EXPECT_THAT(score(), Not(HasSubstr("(kept)")));
  EXPECT_THAT(score(), HasSubstr("(kept)"));
  touch(folder_ / "estimates/test" / songs()[0].filename() / "vocals.wav");
  EXPECT_THAT(score(), HasSubstr("is of other files (estimates vocals.wav) and is written again"));
  touch(songs()[0] / "drums.wav");
  EXPECT_THAT(score(), HasSubstr("is of other files (references drums.wav)"));
  fs::remove(folder_ / "estimates/test" / songs()[0].filename() / "bass.wav");
  EXPECT_THAT(score(), HasSubstr("is of other files (estimates, of which there are fewer)"));
  EXPECT_THAT(score({"--force"}), Not(HasSubstr("(kept)")));
  // As an earlier version wrote it.
  const fs::path file = folder_ / "estimated/test" / (songs()[0].filename().string() + ".json");
  auto json = nlohmann::ordered_json::parse(read_file(file));
  json["unmix"].erase("references");
  json["unmix"].erase("estimates");
  write_file(file, json.dump());
  EXPECT_THAT(score(), HasSubstr("(kept)"));
}

TEST_F(ProgramEvaluate, AModelTrainedAgainIsScoredAnew) {
  leave_one_song();
  const auto score = [&](float gain) {
    write_model(folder_ / "model", *constant_network({gain, 0.5f, 0.5f, 0.25f}));
    const ProgramResult result = run_program({"evaluate", "--model", "model", "--root", "songs", "--is-wav", "--niter",
                                              "0", "--win", "global", "--device", "cpu", "--evaldir", "scores"},
                                             folder_.path());
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.errors;
  };
  score(1.0f);
  EXPECT_THAT(score(1.0f), HasSubstr("(kept)"));
  const std::string again = score(0.5f);
  EXPECT_THAT(again, HasSubstr("is of other files (weights joint.safetensors)"));
  EXPECT_THAT(again, Not(HasSubstr("(kept)")));
}

TEST_F(ProgramEvaluate, NamesOfAPairThatDoNotMatchAreSaid) {
  const auto write = [&](const std::string& file, unsigned seed) {
    fs::create_directories((folder_ / file).parent_path());
    write_audio(folder_ / file, noise(8000, 1, 8000, seed), SampleFormat::floating);
  };
  const auto score = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"evaluate", "--reference", "true", "--estimate", "mine", "--json"});
    return run_program(more, folder_.path());
  };
  for (const char* name : {"mixture", "bass", "drums"}) write(std::string("true/") + name + ".wav", 1u + *name);
  write("mine/mixture.wav", 7);
  write("mine/noise.wav", 8);
  expect_error(score(), 1, "no estimate of a target can be scored");
  write("mine/bass.wav", 9);
  const ProgramResult result = score();
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(nlohmann::json::parse(result.output).size(), 1u);  // the mixture is no target
  EXPECT_THAT(result.errors, HasSubstr("mine has no estimate of drums: BSSEval takes the other references alone"));
  EXPECT_THAT(result.errors, HasSubstr("without a reference of their name, and not scored: noise\n"));
  write_audio(folder_ / "mine/bass.wav", noise(8000, 1, 7000, 9), SampleFormat::floating);
  EXPECT_THAT(score().errors, HasSubstr("bass has 7000 frames, the reference 8000: it is continued with zeros"));
  expect_error(score({"--targets", "bass", "drumz"}), 2, "--targets drumz: mine has no such estimate; it has: bass");
  EXPECT_THAT(score({"--targets", "bass"}).errors, Not(HasSubstr("drums")));
  fs::copy_file(folder_ / "mine/bass.wav", folder_ / "mine/bass.WAV");
  expect_error(score(), 1, "mine/bass.WAV and mine/bass.wav are two files of the same name");
}

TEST_F(ProgramEvaluate, WrongUsageIsOneLine) {
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "evaluate");
    return run_program(arguments, folder_.path());
  };
  expect_error(run({}), 2, "--model DIR, --method NAME, --estimate DIR");
  expect_error(run({"--method", "IRM1"}), 2, "--root DIR");
  expect_error(run({"--method", "IRM3", "--root", "songs", "--is-wav"}), 2, "--method IRM3: give one of mixture");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--mode", "v5"}), 2, "--mode v5");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--win", "0"}), 2, "--win 0");
  expect_error(run({"--method", "IRM1", "--root", "songs", "--is-wav", "--average", "median"}), 2, "--average median");
  const auto windows = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"--method", "mixture", "--root", "songs", "--is-wav"});
    return run(more);
  };
  expect_error(windows({"--win", "0.00001"}), 2, "--win 1e-05: at 44100 Hz these are 0 samples; 1 or more are needed");
  expect_error(windows({"--win", "0.01", "--mode", "v3"}), 2, "these are 441 samples; 512 or more are needed, 0.012 s");
  expect_error(windows({"--hop", "0.00001"}), 2, "--hop 1e-05: at 44100 Hz these are 0 samples");
  for (const std::string seconds : {"nan", "inf", "-1", "1,5", "1 s"}) {
    expect_error(windows({"--win", seconds}), 2, "--win " + seconds + ": give seconds");
    EXPECT_EQ(windows({"--hop", seconds}).exit_code, 2) << seconds;
  }
  expect_error(windows({"--outdir", "./songs/"}), 2, "--outdir ./songs/: estimates would be written over the files in");
  expect_error(windows({"--subset", "../test"}), 2, "--subset ../test: give the name of a folder");
  expect_error(run({"--method", "IRM1", "--root", "songs"}), 1, "its folders of WAV files are read with is-wav");
  expect_error(run({"--method", "IRM1", "--root", "nowhere"}), 1, "nowhere/test: no such folder");
}

}  // namespace
}  // namespace unmix::test
