// `unmix experiments` as a user runs it: what is skipped, resumed, reported, and side by side the same bits.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/training_runs.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHead = R"(demo-songs = "tiny"
[train]
hidden-size = 8
nb-layers = 1
nfft = 512
nhop = 128
batch-size = 2
seq-dur = 0.5
samples-per-track = 2
epochs = 2
)";

// A thread to each of the runs that work side by side, since their number may change the last bits of products.
class ThreadPerJob {
 public:
  explicit ThreadPerJob(const std::string& jobs) { setenv("OMP_NUM_THREADS", jobs.c_str(), 1); }
  ~ThreadPerJob() {
    if (before_.empty())
      unsetenv("OMP_NUM_THREADS");
    else
      setenv("OMP_NUM_THREADS", before_.c_str(), 1);
  }
  ThreadPerJob(const ThreadPerJob&) = delete;
  ThreadPerJob& operator=(const ThreadPerJob&) = delete;

 private:
  const std::string before_ = std::getenv("OMP_NUM_THREADS") != nullptr ? std::getenv("OMP_NUM_THREADS") : "";
};

class Experiments : public testing::Test {
 protected:
  void write(const std::string& runs, const std::string& head = kHead) const {
    write_file(folder_ / "study.toml", head + runs);
  }
  Arguments arguments(const Arguments& more = {}, const std::string& output = "out") const {
    Arguments all{"experiments", (folder_ / "study.toml").string(), "--output", (folder_ / output).string(), "--device",
                  device_};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProgramResult run(const Arguments& more = {}, const std::string& output = "out") const {
    return run_program(arguments(more, output));
  }
  std::string states() const { return run({"--dry-run"}).output; }
  fs::path model(const std::string& name, const std::string& output = "out") const {
    return folder_ / output / name / "model";
  }
  std::string weights(const std::string& name, const std::string& output = "out") const {
    return read_file(model(name, output) / "joint.safetensors");
  }
  nlohmann::json result(const std::string& name) const {
    return nlohmann::json::parse(read_file(folder_ / "out" / name / "result.json"));
  }

  TemporaryFolder folder_;
  std::string device_ = "cpu";
};

TEST_F(Experiments, TheFileMayStandBehindAListOfRuns) {
  write("[[run]]\nname = \"a\"\n[[run]]\nname = \"b\"\n");
  const std::string file = (folder_ / "study.toml").string(), output = (folder_ / "out").string();
  const auto result = run_program({"experiments", "--dry-run", "--output", output, "--only", "b", file});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NE(result.output.find("b  "), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("a  "), std::string::npos) << result.output;
  expect_error(run_program({"experiments", file, file}), 2, "2 files were given; one study at a time");
}

const std::string kTwo = "[[run]]\nname = \"a\"\n[[run]]\nname = \"b\"\nvariant = \"paper\"\n";

TEST_F(Experiments, TrainsSeparatesAndScoresEachRunAndThenSkipsIt) {
  write(kTwo);
  EXPECT_THAT(states(), AllOf(HasSubstr("1  a  not begun"), HasSubstr("2  b  not begun")));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  const ProgramResult first = run();
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  EXPECT_THAT(first.output, AllOf(HasSubstr("| a |"), HasSubstr("| b |"), HasSubstr("| *mixture* |")));
  const nlohmann::json a = result("a");
  EXPECT_EQ(a.at("args").at("hidden_size"), 8);
  EXPECT_EQ(a.at("train_loss_history").size(), 2u);
  EXPECT_EQ(a.at("scores").size(), 2u);  // songs
  for (const auto& song : a.at("scores")) EXPECT_EQ(song.size(), 4u);
  EXPECT_THAT(read_file(folder_ / "out/results.md"), HasSubstr("Computed on: cpu"));
  const std::string csv = read_file(folder_ / "out/results.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);

  const auto time = fs::last_write_time(folder_ / "out/a/result.json");
  const ProgramResult second = run();
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_THAT(second.errors, AllOf(HasSubstr("a: finished before"), HasSubstr("b: finished before")));
  EXPECT_EQ(second.output, first.output);
  EXPECT_EQ(fs::last_write_time(folder_ / "out/a/result.json"), time);
  EXPECT_THAT(states(), HasSubstr("1  a  finished, mean SDR"));
  const auto json = nlohmann::json::parse(run({"--json", "--quiet"}).output);
  EXPECT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0].at("scores"), a.at("scores"));

  auto other = nlohmann::json::parse(read_file(model("a") / "joint.json"));  // as another training leaves it
  other["train_loss_history"][0] = 1.0;
  write_file(model("a") / "joint.json", other.dump());
  EXPECT_THAT(states(), AllOf(HasSubstr("its model was trained again"), HasSubstr("2  b  finished")));
}

// The score of a run is that of the files that `unmix separate` would write.
TEST_F(Experiments, KeptEstimatesHaveTheScoresOfTheTable) {
  write("[score]\nkeep-estimates = true\n[[run]]\nname = \"a\"\n");
  ASSERT_TRUE(succeeded(run()));
  const nlohmann::json songs = result("a").at("scores");
  ASSERT_FALSE(songs.empty());
  for (const auto& [song, targets] : songs.items()) {
    const ProgramResult metrics = run_program({"metrics", "--reference", (folder_ / "out/songs/test" / song).string(),
                                               "--estimate", (folder_ / "out/a/estimates" / song).string(), "--json"});
    ASSERT_EQ(metrics.exit_code, 0) << metrics.errors;
    const auto scores = nlohmann::json::parse(metrics.output);
    for (const auto& [target, score] : targets.items()) {
      EXPECT_NEAR(score.at("SDR").get<double>(), scores.at(target).at("SDR").get<double>(), 0.01);
      EXPECT_NEAR(score.at("SDR_mixture").get<double>(), scores.at(target).at("SDR_mixture").get<double>(), 1e-6);
    }
  }
}

TEST_F(Experiments, AnotherScoringScoresAgainAndTrainsNothing) {
  write("[[run]]\nname = \"a\"\n");
  ASSERT_TRUE(succeeded(run()));
  const std::string before = weights("a");
  const nlohmann::json scores = result("a").at("scores");
  write("[score]\nsoftmask = true\n[[run]]\nname = \"a\"\n");
  EXPECT_THAT(states(), HasSubstr("trained, not scored"));
  const ProgramResult again = run();
  ASSERT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.errors, Not(HasSubstr("epoch")));
  EXPECT_EQ(weights("a"), before);
  EXPECT_NE(result("a").at("scores"), scores);
}

TEST_F(Experiments, OtherOptionsAreToldAndNotMixed) {
  write(kTwo);
  ASSERT_TRUE(succeeded(run()));
  const std::string before = weights("a");
  write("[[run]]\nname = \"a\"\nhidden-size = 10\n[[run]]\nname = \"c\"\n");
  EXPECT_THAT(states(), HasSubstr("not of this study: --hidden-size was 8, now 10"));
  const ProgramResult result = run();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, HasSubstr("a: failed: [experiments] "));
  EXPECT_THAT(result.errors, HasSubstr("--hidden-size was 8, now 10"));
  EXPECT_EQ(weights("a"), before);
  EXPECT_TRUE(fs::exists(model("c") / "joint.safetensors"));
}

TEST_F(Experiments, MoreEpochsGoOn) {
  write("[[run]]\nname = \"a\"\nepochs = 1\n");
  ASSERT_TRUE(succeeded(run()));
  write("[[run]]\nname = \"a\"\n");
  EXPECT_THAT(states(), HasSubstr("begun, 1 of 2 epochs"));
  ASSERT_TRUE(succeeded(run()));
  EXPECT_EQ(result("a").at("train_loss_history").size(), 2u);
  ASSERT_TRUE(succeeded(run({}, "whole")));
  EXPECT_EQ(weights("a"), weights("a", "whole"));
}

TEST_F(Experiments, AFailedRunIsReportedAndTheOthersGoOn) {
  write(
      "[[run]]\nname = \"bad\"\nlr = 1e30\n[[run]]\nname = \"after\"\nmodel = \"bad\"\n[[run]]\nname = \"a\"\n"
      "[[run]]\nname = \"b\"\nmodel = \"a\"\n");
  for (const char* jobs : {"1", "2"}) {
    const ProgramResult result = run({"--jobs", jobs}, jobs);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.errors, HasSubstr("bad: failed: [train] the loss became"));
    EXPECT_THAT(result.errors, HasSubstr("after: failed: [experiments] it starts from the run 'bad'"));
    EXPECT_THAT(result.errors, HasSubstr("unmix: error: 2 of 4 runs failed: bad, after\n"));
    EXPECT_THAT(result.output, AllOf(HasSubstr("| a |"), HasSubstr("| b |"), HasSubstr("* bad: failed: ")));
  }
}

TEST_F(Experiments, OnlyAndIndexChoose) {
  write(kTwo);
  ASSERT_TRUE(succeeded(run({"--only", "b"})));
  EXPECT_THAT(states(), AllOf(HasSubstr("1  a  not begun"), HasSubstr("2  b  finished")));
  ASSERT_TRUE(succeeded(run({"--index", "1"})));
  EXPECT_THAT(states(), HasSubstr("1  a  finished"));
  EXPECT_EQ(run({"--dry-run", "--index", "2"}).output.find("a  "), std::string::npos);
  expect_error(run({"--index", "3"}), 2, "--index 3: ");
  expect_error(run({"--index", "0"}), 2, "has runs 1 to 2");
  expect_error(run({"--only", "c"}), 2, "no such run; nearest: a, b");
  expect_error(run({"--only", "a", "--index", "1"}), 2, "give one");
  expect_error(run({"--jobs", "0"}), 2, "--jobs 0");
  expect_error(run_program({"experiments", (folder_ / "none.toml").string()}), 1, "none.toml");
  write("[[run]\n");
  expect_error(run(), 2, "study.toml:11: this is no TOML");
}

TEST_F(Experiments, ARunStartsFromTheBestWeightsOfAnother) {
  write("[[run]]\nname = \"b\"\nmodel = \"a\"\nepochs = 1\n[[run]]\nname = \"a\"\n");
  const ProgramResult alone = run({"--index", "1"});
  EXPECT_EQ(alone.exit_code, 1);
  EXPECT_THAT(alone.errors, HasSubstr("it starts from the run 'a', which is not finished"));
  ASSERT_TRUE(succeeded(run()));
  EXPECT_EQ(result("b").at("after"), "a");
  const Arguments plain{"train",
                        "--root",
                        (folder_ / "out/songs").string(),
                        "--is-wav",
                        "--cache",
                        (folder_ / "out/cache").string(),
                        "--model",
                        model("a").string(),
                        "--output",
                        (folder_ / "plain").string(),
                        "--device",
                        "cpu",
                        "--hidden-size",
                        "8",
                        "--nb-layers",
                        "1",
                        "--nfft",
                        "512",
                        "--nhop",
                        "128",
                        "--batch-size",
                        "2",
                        "--seq-dur",
                        "0.5",
                        "--samples-per-track",
                        "2",
                        "--epochs",
                        "1"};
  ASSERT_TRUE(succeeded(run_program(plain)));
  EXPECT_EQ(weights("b"), read_file(folder_ / "plain/joint.safetensors"));
}

TEST_F(Experiments, ADamagedRecordIsNamed) {
  write("[[run]]\nname = \"a\"\n");
  ASSERT_TRUE(succeeded(run()));
  write_file(folder_ / "out/a/result.json", "{\"args\": ");
  EXPECT_THAT(states(), HasSubstr("result.json is damaged"));
  const ProgramResult damaged = run();
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.errors, HasSubstr("result.json is damaged"));
  fs::remove(folder_ / "out/a/result.json");
  EXPECT_TRUE(succeeded(run()));
}

TEST_F(Experiments, AnInterruptedOrKilledStudyGoesOnBitForBit) {
  write("samples-per-track = 24\n" + kTwo, std::string(kHead).erase(std::string(kHead).find("samples-per"), 22));
  const ThreadPerJob one("1");
  ASSERT_TRUE(succeeded(run({"--quiet"}, "whole")));
  const fs::path begun = model("a") / "joint.json";  // after the first epoch
  for (const char* jobs : {"1", "2"}) {
    const ThreadPerJob threads(jobs);
    fs::remove_all(folder_ / "out");
    EXPECT_EQ(signal_when_written(arguments({"--quiet", "--jobs", jobs}), begun, SIGINT), 130);
    EXPECT_THAT(states(), HasSubstr("1  a  begun, 1 of 2 epochs"));
    ASSERT_TRUE(succeeded(run({"--quiet", "--jobs", jobs})));
    for (const char* name : {"a", "b"}) EXPECT_EQ(training_state(model(name)), training_state(model(name, "whole")));
  }
  fs::remove_all(folder_ / "out");
  EXPECT_EQ(signal_when_written(arguments({"--quiet"}), begun, SIGKILL), -SIGKILL);
  const ProgramResult resumed = run();
  ASSERT_EQ(resumed.exit_code, 0);
  EXPECT_THAT(resumed.errors, HasSubstr("a: going on, 1 of 2 epochs"));
  for (const char* name : {"a", "b"}) EXPECT_EQ(training_state(model(name)), training_state(model(name, "whole")));
}

// Side by side on every device present; one of the runs starts from another.
class ExperimentsOn : public Experiments, public testing::WithParamInterface<Device> {
 protected:
  ExperimentsOn() { device_ = std::string(name(GetParam())); }
};

TEST_P(ExperimentsOn, SideBySideGivesTheSameBits) {
  write(kTwo +
        "[[run]]\nname = \"c\"\nmodel = \"a\"\nlr = 0.0001\n[[run]]\nname = \"d\"\nhidden-size = 10\n"
        "source-augmentations = []\n");
  for (const char* jobs : {"1", "3"}) {
    const ThreadPerJob threads(jobs);
    const ProgramResult result = run({"--jobs", jobs}, jobs);
    ASSERT_EQ(result.exit_code, 0) << result.errors;
  }
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_EQ(training_state(model(name, "1")), training_state(model(name, "3"))) << name;
  EXPECT_NE(training_state(model("a", "1")), training_state(model("b", "1")));
}

INSTANTIATE_TEST_SUITE_P(Devices, ExperimentsOn, testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix::test
