// `unmix train` as a user runs it: resume, interruption, bad input.
#include <gtest/gtest.h>
#include <signal.h>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/training_runs.h"
#include "training/checkpoint.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

// Runs that must do the same on every device present.
class TrainOn : public testing::TestWithParam<Device> {
 protected:
  Arguments arguments(const fs::path& output, int epochs, const Arguments& more = {}) const {
    return train_arguments(output, epochs, more, std::string(name(GetParam())));
  }
  TemporaryFolder folder_;
};

class TrainProgram : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_P(TrainOn, WritesAModelDirectory) {
  const ProgramResult result = run_program(arguments(folder_ / "model", 2));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto json = nlohmann::json::parse(read_file(folder_ / "model/joint.json"));
  EXPECT_EQ(json.at("epochs_trained"), 2);
  EXPECT_EQ(json.at("device"), device_description(GetParam()));
  EXPECT_EQ(json.at("train_loss_history").size(), 2u);
  EXPECT_LT(json.at("train_loss_history")[1], json.at("train_loss_history")[0]);
  EXPECT_EQ(json.at("args").at("hidden_size"), 8);
  EXPECT_EQ(nlohmann::json::parse(read_file(folder_ / "model/separator.json")).at("nfft"), 512);
}

TEST_P(TrainOn, AnyNumberOfWorkersGivesTheSameBits) {
  for (const char* workers : {"0", "1", "3"})
    ASSERT_TRUE(succeeded(run_program(arguments(folder_ / workers, 1, {"--nb-workers", workers}))));
  EXPECT_EQ(training_state(folder_ / "0"), training_state(folder_ / "1"));
  EXPECT_EQ(training_state(folder_ / "0"), training_state(folder_ / "3"));
}

TEST_P(TrainOn, ResumeEqualsAnUninterruptedRun) {
  ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "whole", 4))));
  ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "parts", 2))));
  EXPECT_NE(training_state(folder_ / "whole"), training_state(folder_ / "parts"));
  const ProgramResult resumed =
      run_program(arguments(folder_ / "parts", 4, {"--checkpoint", (folder_ / "parts").string()}));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.errors;
  EXPECT_EQ(training_state(folder_ / "whole"), training_state(folder_ / "parts"));
  EXPECT_EQ(weights(folder_ / "whole"), weights(folder_ / "parts"));
}

TEST_F(TrainProgram, CheckpointAloneBringsTheOtherFilesBack) {
  const fs::path model = folder_ / "model";
  ASSERT_TRUE(succeeded(run_program(train_arguments(model, 2))));
  const std::string before = weights(model);
  fs::remove(model / "joint.safetensors");
  write_file(model / "joint.json", "{}");
  ASSERT_TRUE(succeeded(run_program(train_arguments(model, 2, {"--checkpoint", model.string()}))));
  EXPECT_EQ(weights(model), before);
  EXPECT_EQ(nlohmann::json::parse(read_file(model / "joint.json")).at("epochs_trained"), 2);
}

TEST_P(TrainOn, InterruptSavesAndResumesBitForBit) {
  const Arguments long_epochs = samples_per_track(GetParam(), 80, 20);
  const fs::path whole = folder_ / "whole", parts = folder_ / "parts";
  const auto with = [&](const fs::path& output, Arguments more) {
    more.push_back("--quiet");
    more.insert(more.end(), long_epochs.begin(), long_epochs.end());
    return arguments(output, 2, more);
  };
  ASSERT_TRUE(succeeded(run_program(with(whole, {}))));
  ASSERT_EQ(signal_when_written(with(parts, {}), parts / "joint.json", SIGINT), 130);
  const Checkpoint saved = read_checkpoint(parts / "joint.chkpnt");
  EXPECT_GT(saved.progress.at("batch"), 0);  // in the middle of an epoch
  ASSERT_TRUE(succeeded(run_program(with(parts, {"--checkpoint", parts.string()}))));
  EXPECT_EQ(training_state(whole), training_state(parts));
}

TEST_F(TrainProgram, LossThatIsNoNumberStopsAndKeepsTheLastGoodFiles) {
  const fs::path model = folder_ / "model";
  ASSERT_TRUE(succeeded(run_program(train_arguments(model, 1))));
  const std::string before = weights(model), state = training_state(model);
  const ProgramResult result =
      run_program(train_arguments(model, 3, {"--model", model.string(), "--overwrite", "--lr", "1e30"}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.errors.find("in epoch 1, step 2"), std::string::npos) << result.errors;
  EXPECT_NE(result.errors.find("vocals: "), std::string::npos) << result.errors;
  EXPECT_EQ(weights(model), before);
  EXPECT_EQ(training_state(model), state);
}

TEST_F(TrainProgram, AWarmStartFromAPthIsTheSame) {
  const fs::path model = folder_ / "model", converted = folder_ / "converted";
  ASSERT_TRUE(succeeded(run_program(train_arguments(model, 1))));
  ASSERT_TRUE(succeeded(run_program({"convert", model.string(), converted.string()})));
  ASSERT_TRUE(fs::exists(converted / "joint.pth"));
  for (const fs::path& from : {model, converted}) {
    const fs::path out = folder_ / ("from_" + from.filename().string());
    ASSERT_TRUE(succeeded(run_program(train_arguments(out, 1, {"--model", from.string()}))));
  }
  EXPECT_EQ(weights(folder_ / "from_model"), weights(folder_ / "from_converted"));
  EXPECT_NE(weights(folder_ / "from_model"), weights(model));
}

TEST_P(TrainOn, SingleTargets) {
  for (const char* target : {"drums", "accompaniment"}) {
    ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "model", 1, {"--target", target}))));
    EXPECT_TRUE(fs::exists(folder_ / "model" / (std::string(target) + ".safetensors")));
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, TrainOn, testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_F(TrainProgram, RefusesWhatCannotBe) {
  const struct {
    Arguments arguments;
    const char* part;
  } cases[] = {
      {{"--loss", "L2frequency"}, "nearest: L2freq"},
      {{"--nhop", "1024"}, "hop 1024"},
      {{"--nfft", "511"}, "n_fft 511"},
      {{"--bandwidth", "30000"}, "bandwidth 30000"},
      {{"--hidden-size", "7"}, "hidden size 7"},
      {{"--target", "piano"}, "--target piano"},
      {{"--lr", "fast"}, "--lr fast"},
      {{"--lr", "1,5"}, "--lr 1,5"},
      {{"--seq-dur", "inf"}, "--seq-dur inf"},
      {{"--seq-dur", "1e9"}, "--seq-dur 1000000000"},
      {{"--weight-decay", "nan"}, "--weight-decay nan"},
      {{"--architecture", "single"}, "needs --target"},
      {{"--variant", "draft"}, "--variant draft"},
      {{"--source-augmentations", "pitch"}, "pitch"},
      {{"--batch-size", "0"}, "--batch-size 0"},
      {{"--device", "gpu"}, "--device gpu"},
  };
  for (const auto& c : cases) expect_error(run_program(train_arguments(folder_ / "model", 1, c.arguments)), 2, c.part);
  EXPECT_FALSE(fs::exists(folder_ / "model/joint.chkpnt"));
}

TEST_F(TrainProgram, RefusesBadFiles) {
  const fs::path model = folder_ / "model";
  ASSERT_TRUE(succeeded(run_program(train_arguments(model, 1))));
  const Arguments resume{"--checkpoint", model.string()};
  expect_error(
      run_program(train_arguments(folder_ / "out", 2, {"--checkpoint", model.string(), "--hidden-size", "10"})), 1,
      "--hidden-size was 8, now 10");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--checkpoint", (folder_ / "none").string()})), 1,
               "joint.chkpnt");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--model", model.string(), "--hidden-size", "10"})), 1,
               "has --hidden-size 8, this run 10");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--model", model.string(), "--nfft", "256"})), 1,
               "has --nfft 512, this run 256");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--model", model.string(), "--nhop", "64"})), 1,
               "has nhop 128, this run 64");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--model", model.string(), "--unidirectional"})), 1,
               "has LSTM directions two, this run one");
  expect_error(run_program(train_arguments(folder_ / "out", 2, {"--model", model.string(), "--target", "drums"})), 1,
               "holds a joint model, this run trains a single one");
  const std::string whole = read_file(model / "joint.chkpnt");
  write_file(model / "joint.chkpnt", whole.substr(0, whole.size() / 2));
  expect_error(run_program(train_arguments(folder_ / "out", 2, resume)), 1, "joint.chkpnt");
  write_file(folder_ / "file", "not a folder");
  expect_error(run_program(train_arguments(folder_ / "file", 1)), 1, "cannot make the folder");
  expect_error(run_program({"train", "--root", (folder_ / "nowhere").string(), "--output", (folder_ / "out").string()}),
               1, "nowhere");
  expect_error(run_program(train_arguments(folder_ / "out", 1, {"--seq-dur", "100"})), 1, "100");
}

}  // namespace
}  // namespace unmix::test
