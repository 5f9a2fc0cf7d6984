// Layers, values and gradients, against torch.nn.
#include <gtest/gtest.h>

#include <functional>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/lstm.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::golden_error;
using Function = std::function<Var(const Var&)>;

class LayersGolden : public ::testing::TestWithParam<Device> {
 protected:
  double value_tolerance() const { return device() == Device::cpu ? tolerance::kGolden : tolerance::kDevicesLibrary; }
  double gradient_tolerance() const {
    return device() == Device::cpu ? tolerance::kGoldenGradient : tolerance::kDevicesLibrary;
  }
  Device device() const { return GetParam(); }

  // Runs the layer on the input of `pass` and compares its output and every gradient with the golden ones.
  void compare(const std::string& pass, const Function& layer, const NamedVars& parameters) {
    for (auto [name, parameter] : parameters) parameter.clear_grad();
    const Var input(golden.tensor(pass + ".input", device()), true);
    const Var output = layer(input);
    EXPECT_LT(golden_error(output.value(), golden.tensor(pass + ".output")), value_tolerance()) << pass;
    sum(mul(output, Var(golden.tensor(pass + ".weight", device())))).backward();
    EXPECT_LT(golden_error(input.grad(), golden.tensor(pass + ".grad.input")), gradient_tolerance()) << pass;
    for (const auto& [name, parameter] : parameters)
      EXPECT_LT(golden_error(parameter.grad(), golden.tensor(pass + ".grad." + name)), gradient_tolerance())
          << pass << ' ' << name;
  }

  template <class Layer>
  void load(const std::string& name, Layer& layer) {
    layer.load_state(golden.group(name + ".param"), "golden");
    layer.to(device());
  }

  template <class Layer>
  void compare_layer(const std::string& name, Layer& layer) {
    load(name, layer);
    compare(
        name, [&](const Var& x) { return layer(x); }, layer.parameters());
  }

  static Tensor tensor_of(const Module& module, const std::string& name) {
    for (const auto& [key, value] : module.state())
      if (key == name) return value;
    return {};
  }

  test::GoldenFile golden{"layers"};
  Initializer init{1};
};

TEST_P(LayersGolden, Linear) {
  Linear with_bias({.in = 7, .out = 5}, init), without({.in = 5, .out = 3, .bias = false}, init);
  compare_layer("linear", with_bias);
  compare_layer("linear_no_bias", without);
}

TEST_P(LayersGolden, Lstm) {
  for (const char* name : {"lstm", "lstm_bidirectional"}) {
    const auto o = golden.options(name);
    Lstm lstm(5, o["hidden"], o["layers"], o["bidirectional"], 0.0, init);
    compare_layer(name, lstm);
  }
}

TEST_P(LayersGolden, Conv2d) {
  for (const auto& [name, in, out] : {std::tuple("conv_2d", 2, 3), std::tuple("conv_2d_stride", 2, 3)}) {
    const auto o = golden.options(name);
    Conv2d conv({.in = in,
                 .out = out,
                 .kernel = o["kernel"][0],
                 .stride = o["stride"][0],
                 .padding = o["padding"][0],
                 .bias = o["bias"]},
                init);
    compare_layer(name, conv);
  }
}

TEST_P(LayersGolden, MaxPoolAndLeakyRelu) {
  for (const char* name : {"max_pool_2d", "max_pool_2d_overlap"}) {
    const auto o = golden.options(name);
    compare(name, MaxPool2d{o["kernel"], o["stride"]}, {});
  }
  compare("leaky_relu", LeakyRelu{golden.options("leaky_relu")["slope"]}, {});
}

TEST_P(LayersGolden, BatchNormInTrainingAndEvaluation) {
  for (const auto& [name, channels] : {std::pair("batch_norm_1d", 6), std::pair("batch_norm_2d", 3)}) {
    BatchNorm norm(channels);
    load(name, norm);
    const Function layer = [&](const Var& x) { return norm(x); };
    for (const char* step : {"1", "2"}) {
      compare(std::string(name) + ".train" + step, layer, norm.parameters());
      for (const std::string key : {"running_mean", "running_var"})
        EXPECT_LT(golden_error(tensor_of(norm, key), golden.tensor(std::string(name) + ".after" + step + "." + key)),
                  value_tolerance())
            << name << ' ' << key;
    }
    norm.train(false);
    compare(std::string(name) + ".eval", layer, norm.parameters());
  }
}

// Negative control: gates in another order (i, g, f, o) are noticed.
TEST_P(LayersGolden, SwappedGatesAreNoticed) {
  const auto o = golden.options("lstm");
  Lstm lstm(5, o["hidden"], o["layers"], o["bidirectional"], 0.0, init);
  NamedTensors state = golden.group("lstm.param");
  for (auto& [name, tensor] : state) {
    const int64_t hidden = o["hidden"];
    const Tensor forget = tensor.rows(hidden, 2 * hidden).clone();
    tensor.rows(hidden, 2 * hidden).copy_from(tensor.rows(2 * hidden, 3 * hidden));
    tensor.rows(2 * hidden, 3 * hidden).copy_from(forget);
  }
  lstm.load_state(state, "golden");
  lstm.to(device());
  const Var output = lstm(Var(golden.tensor("lstm.input", device())));
  EXPECT_GT(golden_error(output.value(), golden.tensor("lstm.output")), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(Devices, LayersGolden, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
