// Which engine runs an LSTM on CUDA: the rule, a choice by name, and the next engine where one refuses. Each test has a
// batch of its own, since a refusal is remembered by the problem's sizes.
#include "tensor/lstm_engine.h"

#include <cmath>
#include <fstream>

#include "tensor/lstm.h"
#include "tests/cudasim/helpers.h"
#include "tests/support/program.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "tests/support/training_runs.h"

namespace unmix::test {
namespace {

using testing::HasSubstr;

// A layer of two directions over three steps, and what it gives on a device.
struct Layer {
  LstmShape shape;
  std::vector<LstmWeights> weights;
  Tensor x, dy;

  Layer(int64_t hidden, int64_t batch, Device device) : shape{3, batch, 8, hidden, 2} {
    const double range = 1.0 / std::sqrt(static_cast<double>(hidden));
    auto random = [&, seed = uint64_t{0}](Shape s) mutable { return random_tensor(s, ++seed, -range, range, device); };
    for (int d = 0; d < 2; ++d)
      weights.push_back(
          {random({4 * hidden, 8}), random({4 * hidden, hidden}), random({4 * hidden}), random({4 * hidden})});
    x = random_tensor({3, batch, 8}, 11, -1.0, 1.0, device);
    dy = random_tensor({3, batch, 2 * hidden}, 12, -1.0, 1.0, device);
  }

  // y, dx and all gradients one after another. Between the passes `midway` is called.
  std::vector<float> run(const std::function<void()>& midway = [] {}) const {
    const Device device = x.device();
    Tensor y = Tensor::empty(dy.shape(), device), dx = Tensor::empty(x.shape(), device);
    std::vector<Tensor> saved;
    std::vector<LstmWeights> gradients;
    for (const LstmWeights& w : weights)
      gradients.push_back({Tensor::empty(w.w_ih.shape(), device), Tensor::empty(w.w_hh.shape(), device),
                           Tensor::empty(w.b_ih.shape(), device), Tensor::empty(w.b_hh.shape(), device)});
    if (device == Device::cpu) {
      lstm_forward_cpu(shape, weights, x, y, &saved);
      lstm_backward_cpu(shape, weights, x, y, saved, dy, dx, gradients);
    } else {
      lstm_forward_cuda(shape, weights, x, y, &saved);
      midway();
      lstm_backward_cuda(shape, weights, x, y, saved, dy, dx, gradients);
    }
    std::vector<float> all;
    const auto add = [&](const Tensor& t) {
      const std::vector<float> values = t.to_vector();
      all.insert(all.end(), values.begin(), values.end());
    };
    for (const Tensor& t : {y, dx}) add(t);
    for (const LstmWeights& g : gradients)
      for (const Tensor& t : {g.w_ih, g.w_hh, g.b_ih, g.b_hh}) add(t);
    return all;
  }
};

class LstmEngines : public cudasim::SimulatedDevice {
 protected:
  static void set_up(const std::function<void(cudasim::Settings&)>& change) {
    cudasim::Settings settings = cudasim::settings();
    change(settings);
    cudasim::configure(settings);
  }

  // What the layer gives on the simulated device is what it gives on the CPU.
  static void expect_right(
      int64_t hidden, int64_t batch, const std::function<void()>& midway = [] {}) {
    EXPECT_LT(relative_error(Layer(hidden, batch, Device::cuda).run(midway), Layer(hidden, batch, Device::cpu).run()),
              tolerance::kDevices);
  }
};

TEST_F(LstmEngines, AutomaticIsPersistentWhereCudnnHasKernels) {
  cudasim::reset_counters();
  expect_right(256, 1);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::persistent);
  EXPECT_EQ(counted("cudnnRNNForward").launches, 2u * 2);  // for each direction the input's product and all steps
  expect_right(40, 1);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
  expect_right(256, 33);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
}

TEST_F(LstmEngines, AutomaticIsStandardOnOtherGenerationsOfGpus) {
  set_up([](cudasim::Settings& s) { s.compute_capability = 12; });
  expect_right(256, 1);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
}

TEST_F(LstmEngines, ByName) {
  const LstmEngineScope scope(LstmEngine::standard);
  cudasim::reset_counters();
  expect_right(256, 1);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
  EXPECT_EQ(counted("cudnnRNNForward").launches, 2u * (2 * 3 + 1));
  const LstmEngineScope inner(LstmEngine::persistent);
  expect_right(256, 1);
  EXPECT_EQ(lstm_engine_used(), LstmEngine::persistent);
}

// Persistent kernels compute in float32 where the standard algorithm rounds to TF32.
TEST_F(LstmEngines, PersistentIsExactInTf32) {
  const PrecisionScope precision(Precision::tf32);
  expect_right(256, 1);
  const LstmEngineScope scope(LstmEngine::standard);
  EXPECT_GT(relative_error(Layer(256, 1, Device::cuda).run(), Layer(256, 1, Device::cpu).run()), tolerance::kDevices);
}

TEST_F(LstmEngines, ARefusedForwardPassRunsOnTheNext) {
  const LstmEngineScope scope(LstmEngine::persistent);
  testing::internal::CaptureStderr();
  expect_right(40, 2);
  expect_right(40, 2);
  const std::string errors = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
  EXPECT_THAT(errors, HasSubstr("unmix: warning: cuDNN does not run its persistent LSTM of 40 units, 2 directions and "
                                "2 sequences here"));
  EXPECT_EQ(errors.find("warning"), errors.rfind("warning")) << errors;
}

TEST_F(LstmEngines, ARefusedBackwardPassRunsBothOnTheNext) {
  testing::internal::CaptureStderr();
  expect_right(256, 3, [] { set_up([](cudasim::Settings& s) { s.runs_persistently = false; }); });
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("of 256 units, 2 directions and 3 sequences"));
  EXPECT_EQ(lstm_engine_used(), LstmEngine::standard);
}

// The reserve space is that of the engine that wrote it, whatever was refused since.
TEST_F(LstmEngines, TheBackwardPassHasTheEngineOfItsForwardPass) {
  expect_right(256, 4, [] {
    set_up([](cudasim::Settings& s) { s.runs_persistently = false; });
    testing::internal::CaptureStderr();
    expect_right(256, 4);
    testing::internal::GetCapturedStderr();
    set_up([](cudasim::Settings& s) { s.runs_persistently = true; });
  });
}

TEST_F(LstmEngines, AreRecordedWithTheRun) {
  const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / info.name();
  std::filesystem::remove_all(folder);
  const auto record = [&] {
    std::ifstream file(folder / "joint.json");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  ASSERT_TRUE(succeeded(run_program(train_arguments(folder, 1, {"--hidden-size", "512", "--nb-layers", "1"}, "cuda"))));
  EXPECT_THAT(record(), HasSubstr("\"lstm_engine\": \"persistent\""));
  ASSERT_TRUE(succeeded(run_program(train_arguments(
      folder, 2, {"--hidden-size", "512", "--nb-layers", "1", "--lstm-engine", "standard", "--checkpoint", folder},
      "cuda"))));
  EXPECT_THAT(record(), HasSubstr("\"lstm_engine\": \"standard\""));
}

}  // namespace
}  // namespace unmix::test
