// Whole runs on CUDA beside the same runs on the CPU; on the simulated device also under other orders of its queues.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tensor/device.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

class CudaProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (!built_with_cuda() || cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device, real or simulated";
  }

  std::string demo_weights(const std::string& device, const std::string& name) {
    const ProgramResult result =
        run_program({"demo", "--tiny", "--quiet", "--device", device, "--output", (folder_ / name).string()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return read_file(folder_ / name / "L2freq/model/joint.safetensors");
  }

  // loss,track,target,sdr,sdr_mixture -> the last but one
  std::vector<double> demo_scores(const std::string& name) {
    std::istringstream lines(read_file(folder_ / name / "scores.csv"));
    std::string line;
    std::getline(lines, line);
    std::vector<double> scores;
    while (std::getline(lines, line)) {
      const size_t end = line.rfind(','), begin = line.rfind(',', end - 1);
      scores.push_back(std::stod(line.substr(begin + 1, end - begin - 1)));
    }
    return scores;
  }

  TemporaryFolder folder_;
};

TEST_F(CudaProgram, TheDemoScoresAsOnTheCpu) {
  demo_weights("cpu", "cpu");
  demo_weights("cuda", "cuda");
  const std::vector<double> cpu = demo_scores("cpu"), cuda = demo_scores("cuda");
  ASSERT_EQ(cpu.size(), 16u);
  ASSERT_EQ(cuda.size(), cpu.size());
  for (size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(cuda[i], cpu[i], tolerance::kDemoDecibels);
}

TEST_F(CudaProgram, TheOrderOfQueuesChangesNoBit) {
  std::vector<std::string> weights;
  for (const char* seed : {"1", "2", "3"}) {
    setenv("UNMIX_SIM_SEED", seed, 1);
    weights.push_back(demo_weights("cuda", seed));
  }
  unsetenv("UNMIX_SIM_SEED");
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
}

// A hundred steps on one second of real music at a time.
TEST_F(CudaProgram, ALossCurveLiesOnTheCpus) {
  if (shared_data().empty()) GTEST_SKIP() << "the real clip is not on this machine";
  std::vector<std::vector<double>> curves;
  for (const std::string device : {"cpu", "cuda"}) {
    const ProgramResult result = run_program({"train",
                                              "--root",
                                              (shared_data() / "musdb-sample").string(),
                                              "--target",
                                              "vocals",
                                              "--hidden-size",
                                              "32",
                                              "--seq-dur",
                                              "1",
                                              "--batch-size",
                                              "2",
                                              "--samples-per-track",
                                              "2",
                                              "--epochs",
                                              "100",
                                              "--dropout",
                                              "0.1",
                                              "--device",
                                              device,
                                              "--quiet",
                                              "--output",
                                              (folder_ / device).string(),
                                              "--cache",
                                              (folder_ / "cache").string()});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    curves.push_back(nlohmann::json::parse(read_file(folder_ / device / "vocals.json")).at("train_loss_history"));
  }
  ASSERT_EQ(curves[0].size(), 100u);
  EXPECT_LT(curves[0].back(), 0.5 * curves[0].front());
  for (size_t step = 0; step < 100; ++step)
    EXPECT_NEAR(curves[1][step] / curves[0][step], 1.0,
                step < tolerance::kLossCurveSteps ? tolerance::kLossCurve : tolerance::kLossCurveLater)
        << step;
}

}  // namespace
}  // namespace unmix::test
