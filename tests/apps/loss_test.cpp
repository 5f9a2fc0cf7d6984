#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/safetensors.h"
#include "losses/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using nlohmann::json;
using test::expect_error;
using test::run_program;
using test::TemporaryFolder;
namespace fs = std::filesystem;

class ProgramLoss : public ::testing::Test {
 protected:
  // 2 sources, 1 x 2 channels of 64 samples, n_fft 16, hop 8: 9 frames of 9 bins.
  void write_batch(const std::function<void(TensorFile&)>& change = {}) {
    TensorFile file{{{"mixture", test::random_tensor({1, 2, 64}, 1)},
                     {"targets", test::random_tensor({2, 1, 2, 64}, 2)},
                     {"masks", test::random_tensor({2, 9, 1, 2, 9}, 3, 0.0, 1.0)}},
                    {{"n_fft", "16"}, {"n_hop", "8"}}};
    if (change) change(file);
    write_safetensors(batch, file);
  }

  auto run(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"loss", "--name", "L2freq", "--input", batch.string(), "--device", "cpu"});
    return run_program(more);
  }

  TemporaryFolder folder;
  const fs::path batch = folder / "batch.safetensors";
};

double largest_of(const json& list) {
  double largest = 0.0;
  for (const json& x : list) largest = std::max(largest, std::fabs(x.get<double>()));
  return largest;
}

TEST_F(ProgramLoss, EveryLossAgreesWithTheExampleInDouble) {
  const fs::path data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "the shared example is not on this machine";
  const fs::path input = data / "loss-example/random-stereo.safetensors", output = folder / "grad.safetensors";
  const json example = json::parse(read_file(data / "loss-example/random-stereo.json"));
  for (const LossEntry& loss : loss_registry())
    for (const std::string variant : {"seed", "paper"}) {  // the example calls the code variant by its older name
      const json& expected = example[variant].value(std::string(loss.name), json());
      if (expected.is_null()) continue;
      const auto result = run_program({"loss", "--name", std::string(loss.name), "--variant", variant, "--input",
                                       input.string(), "--output", output.string(), "--device", "cpu"});
      ASSERT_EQ(result.exit_code, 0) << result.errors;
      const double value = json::parse(result.output)["loss"], right = expected["loss"];
      EXPECT_NEAR(value, right, tolerance::kValue * std::fabs(right)) << loss.name << ' ' << variant;

      const TensorFile file = read_safetensors(output);
      const std::vector<float> gradient = file.find("masks.grad")->to_vector();
      const double largest = largest_of(expected["grad"]);
      for (size_t i = 0; i < expected["grad"].size(); ++i)
        ASSERT_NEAR(gradient.at(example["index"][i]), expected["grad"][i], tolerance::kGoldenGradient * largest)
            << loss.name << ' ' << variant << " entry " << i;
    }
}

TEST_F(ProgramLoss, SizesComeFromTheFileOrTheOptions) {
  write_batch();
  const auto from_file = run();
  EXPECT_EQ(from_file.exit_code, 0) << from_file.errors;
  const double value = json::parse(from_file.output)["loss"];
  EXPECT_GT(value, 0.0);
  write_batch([](TensorFile& file) { file.metadata.clear(); });
  expect_error(run({"--nhop", "8"}), 2, "--nfft is missing: ");
  const auto from_options = run({"--nfft", "16", "--nhop", "8"});
  EXPECT_EQ(from_options.output, from_file.output);
  const auto paper = run({"--nfft", "16", "--nhop", "8", "--variant", "paper"});
  EXPECT_NEAR(json::parse(paper.output)["loss"].get<double>(), value / 2, 1e-6 * value);
}

TEST_F(ProgramLoss, DeepFeatureHasTheRateThatTheFileStates) {
  const auto value = [&](const std::string& rate) {
    write_batch([&](TensorFile& file) {
      if (!rate.empty()) file.metadata["sample_rate"] = rate;
    });
    const auto result = run_program({"loss", "--name", "DeepFeature", "--input", batch, "--device", "cpu"});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return json::parse(result.output).at("loss").get<double>();
  };
  EXPECT_EQ(value(""), value("44100"));
  EXPECT_NE(value("16000"), value("44100"));
  write_batch([](TensorFile& file) { file.metadata["sample_rate"] = std::string("0"); });
  expect_error(run(), 1, "metadata 'sample_rate' is 0; a rate in Hz is needed");
}

TEST_F(ProgramLoss, TheGradientIsWrittenWhole) {
  write_batch();
  EXPECT_TRUE(succeeded(run({"--output", folder / "grad.safetensors"})));
  EXPECT_EQ(read_safetensors(folder / "grad.safetensors").find("masks.grad")->shape(), (Shape{2, 9, 1, 2, 9}));
  expect_error(run({"--output", folder / "none/grad.safetensors"}), 1, "is not an existing folder");
}

TEST_F(ProgramLoss, BadInputIsOneLine) {
  write_batch();
  expect_error(run({"--nfft", "32"}), 1, "masks [2, 9, 1, 2, 9] do not fit the signals");
  expect_error(run({"--nfft", "15"}), 2, "n_fft 15 must be even");
  expect_error(run({"--nhop", "17"}), 2, "hop 17 must be between 1 and n_fft 16");
  expect_error(run({"--nfft", "-2"}), 2, "--nfft");
  expect_error(run({"--variant", "third"}), 2, "--variant third: give one of code, paper, seed");
  expect_error(run_program({"loss", "--name", "L3freq", "--input", batch}), 2, "there is no loss 'L3freq'; nearest: ");
  expect_error(run_program({"loss", "--name", "L2freq", "--input", folder / "none"}), 1, "none: no such file");

  write_batch([](TensorFile& file) { file.tensors.pop_back(); });
  expect_error(run(), 1, "has no tensor 'masks'");
  write_batch([](TensorFile& file) { file.tensors[0].second = Tensor::zeros({2, 64}); });
  expect_error(run(), 1, "'mixture' has shape [2, 64]; 3 dimensions are required");
  write_batch([](TensorFile& file) { file.tensors[1].second = Tensor::zeros({2, 1, 2, 63}); });
  expect_error(run(), 1, "mixture [1, 2, 64] and targets [2, 1, 2, 63] do not fit");
  write_batch([](TensorFile& file) { file.metadata["n_hop"] = "8x"; });
  expect_error(run(), 1, "metadata 'n_hop' is '8x', not a number");
  write_file(batch, "not a safetensors file");
  expect_error(run(), 1, "batch.safetensors");
}

}  // namespace
}  // namespace unmix
