// `unmix train --loss DeepFeature` as a user runs it: random and given features, resume, bad input.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/safetensors.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/training_runs.h"
#include "tests/support/vggish_helpers.h"
#include "training/checkpoint.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

class DeepFeatureProgram : public ::testing::Test {
 protected:
  // One source and short excerpts, since the features have their full width.
  Arguments arguments(const fs::path& output, int epochs, const Arguments& more, const std::string& device = "cpu") {
    Arguments all{"--loss", "DeepFeature", "--seq-dur", "0.1", "--target", "vocals"};
    all.insert(all.end(), more.begin(), more.end());
    return train_arguments(output, epochs, all, device);
  }

  std::string weights() {
    const fs::path path = folder_ / "vggish.safetensors";
    write_safetensors(path, {hashed_weights({}), {}});
    return path.string();
  }

  static nlohmann::json record(const fs::path& model) {
    return nlohmann::json::parse(read_file(model / "vocals.json"));
  }

  TemporaryFolder folder_;
};

class DeepFeatureOn : public DeepFeatureProgram, public ::testing::WithParamInterface<Device> {};

TEST_P(DeepFeatureOn, TrainsAndSaysThatItsFeaturesAreRandom) {
  const fs::path model = folder_ / "model";
  const auto result = run_program(arguments(model, 1, {}, std::string(name(GetParam()))));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NE(result.errors.find("loss with random VGGish features"), std::string::npos) << result.errors;
  EXPECT_EQ(record(model).at("features"), "random VGGish features");
  EXPECT_EQ(record(model).at("args").at("vggish_frontend"), "waveform");
  EXPECT_EQ(read_checkpoint(model / "vocals.chkpnt").progress.at("run").at("features"), "random VGGish features");
}

INSTANTIATE_TEST_SUITE_P(Devices, DeepFeatureOn, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_F(DeepFeatureProgram, WeightsAndFrontEndChangeTheLossAndAreRecorded) {
  const fs::path given = folder_ / "given", spectrogram = folder_ / "spectrogram";
  const Arguments options{"--vggish", weights(), "--quiet"};
  ASSERT_TRUE(succeeded(run_program(arguments(given, 1, options))));
  Arguments cheaper = options;
  cheaper.insert(cheaper.end(), {"--vggish-frontend", "spectrogram"});
  ASSERT_TRUE(succeeded(run_program(arguments(spectrogram, 1, cheaper))));
  EXPECT_EQ(record(given).at("features"), "VGGish features");
  EXPECT_EQ(record(spectrogram).at("args").at("vggish_frontend"), "spectrogram");
  EXPECT_NE(record(given).at("train_loss_history"), record(spectrogram).at("train_loss_history"));
}

TEST_F(DeepFeatureProgram, AResumedRunIsTheUninterruptedOne) {
  const fs::path whole = folder_ / "whole", parts = folder_ / "parts";
  ASSERT_TRUE(succeeded(run_program(arguments(whole, 2, {"--quiet"}))));
  ASSERT_TRUE(succeeded(run_program(arguments(parts, 1, {"--quiet"}))));
  EXPECT_NE(training_state(whole, "vocals"), training_state(parts, "vocals"));
  ASSERT_TRUE(succeeded(run_program(arguments(parts, 2, {"--quiet", "--checkpoint", parts.string()}))));
  EXPECT_EQ(training_state(whole, "vocals"), training_state(parts, "vocals"));
  expect_error(run_program(arguments(parts, 3, {"--quiet", "--checkpoint", parts.string(), "--vggish", weights()})), 1,
               "--vggish was \"\"");
}

TEST_F(DeepFeatureProgram, BadInputIsOneLine) {
  const fs::path model = folder_ / "model";
  expect_error(run_program(train_arguments(model, 1, {"--loss", "L2freq", "--vggish", "w.pth"})), 2,
               "--vggish belongs to the loss DeepFeature, which 'L2freq' does not have");
  expect_error(run_program(train_arguments(model, 1, {"--vggish-frontend", "spectrogram"})), 2,
               "--vggish-frontend belongs to the loss DeepFeature");
  expect_error(run_program(arguments(model, 1, {"--quiet", "--vggish-frontend", "mel"})), 2,
               "--vggish-frontend mel: give one of waveform, spectrogram");
  NamedTensors tensors = hashed_weights({});
  tensors.pop_back();
  write_safetensors(folder_ / "missing.safetensors", {tensors, {}});
  expect_error(run_program(arguments(model, 1, {"--quiet", "--vggish", (folder_ / "missing.safetensors").string()})), 1,
               "missing.safetensors lacks the tensor features.13.bias of shape [512]");
}

TEST_F(DeepFeatureProgram, OnABatchFromAFile) {
  const fs::path batch = folder_ / "batch.safetensors";
  write_safetensors(batch, {{{"mixture", random_tensor({1, 2, 64}, 1)},
                             {"targets", random_tensor({2, 1, 2, 64}, 2)},
                             {"masks", random_tensor({2, 9, 1, 2, 9}, 3, 0.0, 1.0)}},
                            {{"n_fft", "16"}, {"n_hop", "8"}}});
  const auto run = [&](const Arguments& more) {
    Arguments all{"loss", "--name", "DeepFeature", "--input", batch.string(), "--device", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  };
  const auto random = run({}), given = run({"--weights", weights()});
  ASSERT_EQ(random.exit_code, 0) << random.errors;
  ASSERT_EQ(given.exit_code, 0) << given.errors;
  const auto first = nlohmann::json::parse(random.output), second = nlohmann::json::parse(given.output);
  EXPECT_EQ(first.at("features"), "random VGGish features");
  EXPECT_EQ(second.at("features"), "VGGish features");
  EXPECT_GT(first.at("loss").get<double>(), 0.0);
  EXPECT_NE(first.at("loss"), second.at("loss"));
  expect_error(run({"--weights", (folder_ / "none.safetensors").string()}), 1, "none.safetensors: no such file");
}

}  // namespace
}  // namespace unmix::test
