// Adam and gradient clipping against torch.optim.Adam and torch.nn.utils.clip_grad_norm_ (tests/golden).
#include "optim/adam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "optim/clip.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Parameters = std::vector<std::pair<std::string, Var>>;

const TensorFile& goldens() {
  static const TensorFile file = read_safetensors(golden_path("schedule.safetensors"));
  return file;
}

Tensor golden(const std::string& name) { return *goldens().find(name); }
nlohmann::json described(const std::string& name) { return nlohmann::json::parse(goldens().metadata.at(name)); }

class Optimizer : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  Parameters parameters(const std::vector<Shape>& shapes) const {
    Parameters result;
    for (size_t i = 0; i < shapes.size(); ++i)
      result.emplace_back(fmt::format("p{}", i), Var(random_tensor(shapes[i], i, -1.0, 1.0, device()), true));
    return result;
  }
  void set_gradients(Parameters& parameters, uint64_t seed) const {
    for (auto& [name, var] : parameters) var.set_grad(random_tensor(var.shape(), seed++, -1.0, 1.0, device()));
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Optimizer, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// The largest error over all steps of golden case `name`; `wrong_decay` adds to the weight decay.
double adam_error(const std::string& name, Device device, double wrong_decay) {
  const auto options = described(name);
  Var parameter(golden(name + ".param0").to(device).clone(), true);
  Adam adam({{"p", parameter}}, {options["lr"], options["weight_decay"].get<double>() + wrong_decay});
  const Tensor gradients = golden(name + ".grads"), expected = golden(name + ".params");
  double worst = 0.0;
  for (int64_t step = 0; step < gradients.dim(0); ++step) {
    parameter.set_grad(gradients[step].to(device).clone());
    adam.step();
    worst = std::max(worst, relative_error(parameter.value().to_vector(), expected[step].to_vector()));
  }
  return worst;
}

TEST_P(Optimizer, AdamIsPyTorchs) {
  const int cases = described("cases")["adam"];
  EXPECT_GE(cases, 3);
  for (int i = 0; i < cases; ++i) EXPECT_LT(adam_error(fmt::format("adam{}", i), device(), 0.0), tolerance::kAdam) << i;
  EXPECT_GT(adam_error("adam2", device(), 0.01), 10.0 * tolerance::kAdam) << "another weight decay went unnoticed";
}

TEST_P(Optimizer, AParameterWithoutGradientIsLeftAlone) {
  Parameters list = parameters({{3}, {4}});
  Adam adam(list, {.weight_decay = 0.1});
  const std::vector<float> before = list[1].second.value().to_vector();
  set_gradients(list, 5);
  list[1].second.clear_grad();
  adam.step();
  EXPECT_TRUE(same_bits(list[1].second.value().to_vector(), before));
  EXPECT_EQ(adam.state().size(), 3u);
  // Its first step comes later and is corrected as a first one: about lr in size, whatever the gradient.
  set_gradients(list, 6);
  adam.step();
  const std::vector<float> after = list[1].second.value().to_vector();
  for (size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(std::fabs(after[i] - before[i]), 1e-3, 1e-6);
  adam.clear_gradients();
  EXPECT_FALSE(list[0].second.grad().defined());
}

TEST_P(Optimizer, TheLearningRateCanBeSet) {
  Parameters list = parameters({{3}});
  Adam adam(list, {.learning_rate = 0.5});
  EXPECT_EQ(adam.learning_rate(), 0.5);
  adam.set_learning_rate(0.0);
  const std::vector<float> before = list[0].second.value().to_vector();
  set_gradients(list, 1);
  adam.step();
  EXPECT_TRUE(same_bits(list[0].second.value().to_vector(), before));
}

// Five steps, a copy of everything, five more: the copy continues to the same bits.
TEST_P(Optimizer, AResumedRunIsTheUninterruptedOne) {
  Parameters list = parameters({{200, 70}, {5}, {}});
  Adam adam(list, {.weight_decay = 0.01});
  const auto run = [&](Parameters& of, Adam& with, uint64_t first) {
    for (uint64_t step = first; step < first + 5; ++step) {
      set_gradients(of, 100 * step);
      if (step == 0) of[1].second.clear_grad();
      with.step();
    }
  };
  run(list, adam, 0);
  Parameters copies;
  for (const auto& [name, var] : list) copies.emplace_back(name, Var(var.value().clone(), true));
  Adam resumed(copies, {.weight_decay = 0.01});
  std::vector<std::pair<std::string, Tensor>> saved;
  for (const auto& [name, tensor] : adam.state()) saved.emplace_back(name, tensor.to(Device::cpu).clone());
  resumed.load_state(saved);
  run(list, adam, 5);
  run(copies, resumed, 5);
  for (size_t i = 0; i < list.size(); ++i)
    EXPECT_TRUE(same_bits(list[i].second.value().to_vector(), copies[i].second.value().to_vector())) << i;
}

TEST_P(Optimizer, AForeignStateIsRefusedAndChangesNothing) {
  Parameters list = parameters({{3}, {2}});
  Adam adam(list, {});
  set_gradients(list, 1);
  adam.step();
  const auto state = adam.state();
  const auto refused = [&](size_t at, const std::string& name, const Tensor& tensor) {
    auto changed = state;
    changed[at] = {name, tensor};
    return error_of([&] { adam.load_state(changed); });
  };
  EXPECT_THAT(refused(0, "p0.m", Tensor::zeros({4})), HasSubstr("'p0' has shapes [4] and [3], the parameter [3]"));
  EXPECT_THAT(refused(0, "p9.m", Tensor::zeros({3})), HasSubstr("'p0' is not complete"));
  EXPECT_THAT(refused(2, "p0.step", Tensor::full({}, 1.5f)), HasSubstr("step of 'p0'"));
  EXPECT_THAT(refused(2, "p0.step", Tensor::full({}, NAN)), HasSubstr("step of 'p0'"));
  auto longer = state;
  longer.emplace_back("p7.m", Tensor::zeros({3}));
  EXPECT_THAT(error_of([&] { adam.load_state(longer); }), HasSubstr("has 7 tensors, of which 6"));
  EXPECT_EQ(adam.state().size(), state.size());
  EXPECT_TRUE(same_bits(adam.state()[0].second.to_vector(), state[0].second.to_vector()));
}

TEST(Adam, ImpossibleOptionsAreRefused) {
  for (const AdamOptions& bad : {AdamOptions{.learning_rate = -1.0},
                                 {.learning_rate = NAN},
                                 {.weight_decay = -0.1},
                                 {.beta1 = 1.0},
                                 {.beta2 = -0.1},
                                 {.eps = -1.0}})
    EXPECT_THAT(error_of([&] { Adam({}, bad); }), StartsWith("[adam] "));
}

// ---- clipping -----------------------------------------------------------------------------------------------------

TEST_P(Optimizer, ClippingIsPyTorchs) {
  const int cases = described("cases")["clip"];
  EXPECT_GE(cases, 2);
  for (int i = 0; i < cases; ++i) {
    const std::string name = fmt::format("clip{}", i);
    Parameters list;
    for (const char* part : {"0", "1"}) {
      const Tensor gradient = golden(name + ".grad" + part).to(device()).clone();
      list.emplace_back(part, Var(Tensor::zeros(gradient.shape(), device()), true));
      list.back().second.set_grad(gradient);
    }
    list.emplace_back("none", Var(Tensor::zeros({3}, device()), true));
    const Tensor norm = clip_gradient_norm(list, described(name)["max_norm"]);
    EXPECT_EQ(norm.device(), device());
    EXPECT_EQ(norm.shape(), Shape{});
    EXPECT_LT(relative_error(norm.to_vector(), golden(name + ".norm").to_vector()), tolerance::kAdam);
    for (const size_t part : {0, 1})
      EXPECT_LT(relative_error(list[part].second.grad().to_vector(),
                               golden(fmt::format("{}.clipped{}", name, part)).to_vector()),
                tolerance::kAdam);
    EXPECT_FALSE(list[2].second.grad().defined());
  }
}

TEST_P(Optimizer, ClippedGradientsHaveTheLargestNorm) {
  Parameters list = parameters({{300, 200}, {1000}});
  set_gradients(list, 1);
  EXPECT_GT(clip_gradient_norm(list, 2.0f).item(), 2.0f);
  EXPECT_NEAR(clip_gradient_norm(list, 100.0f).item(), 2.0f, 1e-4f);
  EXPECT_NEAR(clip_gradient_norm(list, 100.0f).item(), 2.0f, 1e-4f) << "gradients below the limit were changed";
}

TEST_P(Optimizer, WithoutGradientsTheNormIsZero) {
  Parameters list = parameters({{3}});
  EXPECT_EQ(clip_gradient_norm(list, 1.0f).item(), 0.0f);
  EXPECT_EQ(clip_gradient_norm({}, 1.0f).item(), 0.0f);
}

TEST_P(Optimizer, ANormThatIsNotFiniteIsNotHidden) {
  Parameters list = parameters({{3}});
  list[0].second.set_grad(Tensor::from(std::vector<float>{1.0f, NAN, 1.0f}, {3}, device()));
  EXPECT_TRUE(std::isnan(clip_gradient_norm(list, 1.0f).item()));
  EXPECT_TRUE(std::isnan(list[0].second.grad().to_vector()[0]));
}

TEST(Clip, ALimitMustBePositive) {
  for (const float bad : {0.0f, -1.0f, NAN})
    EXPECT_THAT(error_of([&] { clip_gradient_norm({}, bad); }), StartsWith("[clip_gradient_norm] "));
}

}  // namespace
}  // namespace unmix::test
