// Ten training steps against the same ten in PyTorch: same weights, same batches, no dropout.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "training/step.h"

namespace unmix::test {
namespace {

struct Trained {
  std::vector<double> losses;
  NamedTensors state;  // after the last step, on the CPU
};

struct Case {
  const char* name;
  bool joint;
};

class TrainingParity : public testing::TestWithParam<Case> {
 protected:
  TrainingParity() : file_("training_parity"), sizes_(file_.options("training")) {}

  std::unique_ptr<MaskNetwork> network() const {
    NetworkConfig config;
    config.bins = sizes_.at("n_fft").get<int64_t>() / 2 + 1;
    config.max_bin = sizes_.at("max_bin");
    config.hidden = sizes_.at("hidden");
    config.layers = sizes_.at("nb_layers");
    config.dropout = 0.0;
    std::unique_ptr<MaskNetwork> network;
    if (GetParam().joint)
      network = std::make_unique<JointOpenUnmix>(config, 1);
    else
      network = std::make_unique<OpenUnmix>(config, 1);
    network->load_state(file_.group(std::string(GetParam().name) + ".state"), "the golden file");
    return network;
  }

  Trained train(Device device, double weight_decay) const {
    const auto net = network();
    net->to(device);
    const Stft stft(sizes_.at("n_fft"), sizes_.at("hop"), device);
    Adam optimizer(net->parameters(), {sizes_.at("lr"), weight_decay});
    const Objective objective("L2freq");
    const StepContext context{*net, stft, objective, optimizer, 44100};
    Trained run;
    for (int step = 0; step < sizes_.at("steps"); ++step) {
      const auto [mixture, targets] = batch(step % sizes_.at("batches").get<int>());
      run.losses.push_back(
          training_step(context, mixture.to(device), targets.to(device), 1, static_cast<uint64_t>(step)).get()[0]);
    }
    for (const auto& [name, tensor] : net->state()) run.state.emplace_back(name, tensor.to(Device::cpu));
    return run;
  }

  // sources (batch, 4, channels, samples) -> mixture, their sum, and targets (sources, batch, channels, samples).
  std::pair<Tensor, Tensor> batch(int index) const {
    const Tensor sources = file_.tensor("batch" + std::to_string(index) + ".sources");
    Tensor targets = permute(Var(sources), {1, 0, 2, 3}).value();
    Tensor mixture = sum_axis(Var(targets), 0).value();
    return {mixture, GetParam().joint ? targets : targets.rows(0, 1).clone()};
  }

  std::vector<double> golden(const std::string& key) const { return file_.values(GetParam().name + key); }

  double worst_loss_error(const Trained& run) const {
    const std::vector<double> expected = golden(".losses");
    double worst = run.losses.size() == expected.size() ? 0.0 : INFINITY;
    for (size_t i = 0; i < std::min(expected.size(), run.losses.size()); ++i)
      worst = std::max(worst, std::fabs(run.losses[i] - expected[i]) / expected[i]);
    return worst;
  }

  double norm_error(const std::string& name, const Tensor& tensor) const {
    const double expected = golden(".norms." + name).at(0);
    double sum = 0.0;
    for (float value : tensor.to_vector()) sum += static_cast<double>(value) * value;
    return std::fabs(std::sqrt(sum) - expected) / expected;
  }

  GoldenFile file_;
  nlohmann::json sizes_;
};

TEST_P(TrainingParity, TenStepsAsPyTorch) {
  for (const Device device : devices_present()) {
    const Trained run = train(device, sizes_.at("weight_decay"));
    EXPECT_LT(worst_loss_error(run), tolerance::kParityLoss) << name(device);
    for (const auto& [parameter, tensor] : run.state)
      EXPECT_LT(norm_error(parameter, tensor), tolerance::kParityNorm) << name(device) << " " << parameter;
  }
}

// The data gradient of input_mean vanishes (bn1 removes it), so weight decay alone moves it.
TEST_P(TrainingParity, CatchesMissingWeightDecay) {
  const Trained run = train(Device::cpu, 0.0);
  double worst = 0.0;
  for (const auto& [parameter, tensor] : run.state) worst = std::max(worst, norm_error(parameter, tensor));
  EXPECT_GT(worst, tolerance::kParityNorm);
}

TEST_P(TrainingParity, SameBitsTwice) {
  for (const Device device : devices_present()) {
    const Trained first = train(device, 1e-5), second = train(device, 1e-5);
    EXPECT_EQ(first.losses, second.losses) << name(device);
    for (size_t i = 0; i < first.state.size(); ++i)
      EXPECT_TRUE(same_bits(first.state[i].second.to_vector(), second.state[i].second.to_vector()))
          << name(device) << " " << first.state[i].first;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, TrainingParity, testing::Values(Case{"single", false}, Case{"joint", true}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace unmix::test
