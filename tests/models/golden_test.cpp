// The networks in training and evaluation against Open-Unmix and the joint model in PyTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "autograd/loss_ops.h"
#include "models/mask_network.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::golden_error;
using test::GoldenFile;

NetworkConfig config_of(const GoldenFile& golden) {
  const auto sizes = golden.options("model");
  NetworkConfig config;
  config.bins = sizes["nb_bins"];
  config.max_bin = sizes["max_bin"];
  config.channels = sizes["nb_channels"];
  config.hidden = sizes["hidden"];
  config.layers = sizes["nb_layers"];
  config.dropout = 0.0;
  return config;
}

class ModelsGolden : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  double value_tolerance() const { return device() == Device::cpu ? tolerance::kGolden : tolerance::kDevicesLibrary; }
  double gradient_tolerance() const {
    return device() == Device::cpu ? tolerance::kGoldenGradient : tolerance::kDevicesLibrary;
  }

  void load(MaskNetwork& network, const GoldenFile& golden) {
    network.load_state(golden.group("state"), "golden");
    network.to(device());
  }

  static double largest(const Tensor& tensor) {
    double result = 0.0;
    for (const float value : tensor.to_vector()) result = std::max(result, std::fabs(static_cast<double>(value)));
    return result;
  }

  // After a backward pass in training mode.
  void compare_training(const MaskNetwork& network, const GoldenFile& golden) {
    // What is added before a batch norm has no effect: that gradient is all rounding, and is held to its neighbour's.
    const std::string without_effect = "input_mean", neighbour = "grad.input_scale";
    for (const auto& [name, parameter] : network.parameters()) {
      if (name == without_effect) {
        EXPECT_LT(largest(parameter.grad()), gradient_tolerance() * largest(golden.tensor(neighbour)));
        continue;
      }
      EXPECT_LT(golden_error(parameter.grad(), golden.tensor("grad." + name)), gradient_tolerance()) << name;
    }
    int statistics = 0;
    for (const auto& [name, value] : network.state()) {
      if (name.find("running") == std::string::npos) continue;
      ++statistics;
      EXPECT_LT(golden_error(value, golden.tensor("after." + name)), value_tolerance()) << name;
    }
    EXPECT_EQ(statistics, 2 * (2 + network.heads()));
  }
};

// [batch, channels, bins, frames] -> (frames, batch, channels, bins)
Tensor frames_first(const Tensor& x) { return permute(Var(x), {3, 0, 1, 2}).value(); }

TEST_P(ModelsGolden, OpenUnmix) {
  const GoldenFile golden("openunmix");
  OpenUnmix network(config_of(golden), 1);
  load(network, golden);
  const Var input(frames_first(golden.tensor("input", device())));
  const Var target(frames_first(golden.tensor("target", device())));
  const auto estimate = [&] { return mul(reshape(network(input), input.shape()), input); };

  const Var output = estimate();
  EXPECT_LT(golden_error(output.value(), frames_first(golden.tensor("train.output"))), value_tolerance());
  Var loss = mean(square(sub(output, target)));
  EXPECT_LT(golden_error(loss.value().reshape({1}), golden.tensor("loss")), value_tolerance());
  loss.backward();
  compare_training(network, golden);

  network.train(false);
  const NoGrad no_grad;
  EXPECT_LT(golden_error(estimate().value(), frames_first(golden.tensor("eval.output"))), value_tolerance());
}

TEST_P(ModelsGolden, JointOpenUnmix) {
  const GoldenFile golden("joint");
  JointOpenUnmix network(config_of(golden), 1);
  load(network, golden);
  const Var input(golden.tensor("input", device()));

  const Var masks = network(input);
  EXPECT_LT(golden_error(masks.value(), golden.tensor("train.output")), value_tolerance());
  Var loss = sum(distance({masks, input.value()}, golden.tensor("targets", device()), Distance::squared));
  EXPECT_LT(golden_error(loss.value().reshape({1}), golden.tensor("loss")), value_tolerance());
  loss.backward();
  compare_training(network, golden);

  network.train(false);
  const NoGrad no_grad;
  EXPECT_LT(golden_error(network(input).value(), golden.tensor("eval.output")), value_tolerance());
}

// Negative control: the batch's statistics in place of the running ones do not pass for evaluation.
TEST_P(ModelsGolden, TrainingModeIsNoEvaluation) {
  const GoldenFile golden("joint");
  JointOpenUnmix network(config_of(golden), 1);
  load(network, golden);
  const NoGrad no_grad;
  EXPECT_GT(golden_error(network(Var(golden.tensor("input", device()))).value(), golden.tensor("eval.output")), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(Devices, ModelsGolden, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
