// Every row of the table of operations (op_table.h) on every device: values, gradients, repeatability.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <set>
#include <vector>

#include "autograd/ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/paths.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class EveryOp : public ::testing::TestWithParam<std::tuple<OpRow, Device>> {
 protected:
  const OpRow& row() const { return std::get<0>(GetParam()); }
  Device device() const { return std::get<1>(GetParam()); }
  double device_tolerance() const {
    const bool library = row().op == "conv2d" || row().op == "lstm";
    return library ? tolerance::kDevicesLibrary : tolerance::kDevices;
  }
};

std::string name_of(const ::testing::TestParamInfo<std::tuple<OpRow, Device>>& info) {
  return std::get<0>(info.param).name() + "_on_" + std::string(name(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(Ops, EveryOp,
                         ::testing::Combine(::testing::ValuesIn(op_table()), ::testing::ValuesIn(devices_present())),
                         name_of);

double value_error(const Evaluation& evaluation, const Inputs& inputs, const Reference& reference) {
  Arrays arrays;
  for (const Tensor& tensor : inputs.tensors) arrays.push_back(array_of(tensor));
  return relative_error(evaluation.output, reference(arrays));
}

TEST_P(EveryOp, ValueIsThatOfThePlainComputation) {
  const Inputs inputs = make_inputs(row());
  const Evaluation here = evaluate(row().function, inputs, device());
  const double limit = device() == Device::cpu ? tolerance::kValue : device_tolerance();
  EXPECT_EQ(element_count(here.shape), static_cast<int64_t>(here.output.size()));
  EXPECT_LT(value_error(here, inputs, row().reference), limit);
  if (device() == Device::cpu) return;
  const Evaluation on_cpu = evaluate(row().function, inputs, Device::cpu);
  EXPECT_EQ(here.shape, on_cpu.shape);
  EXPECT_LT(relative_error(here.output, on_cpu.output), device_tolerance());
  for (size_t i = 0; i < here.gradients.size(); ++i)
    EXPECT_LT(relative_error(here.gradients[i], on_cpu.gradients[i]), device_tolerance()) << "gradient of input " << i;
}

TEST_P(EveryOp, GradientIsThatOfFiniteDifferences) {
  EXPECT_LT(gradient_error(row().function, make_inputs(row()), device()), tolerance::kFiniteDifference);
}

TEST_P(EveryOp, ASecondRunGivesTheSameBits) {
  const Inputs inputs = make_inputs(row());
  const Evaluation first = evaluate(row().function, inputs, device());
  const Evaluation second = evaluate(row().function, inputs, device());
  EXPECT_TRUE(same_bits(first.output, second.output));
  for (size_t i = 0; i < first.gradients.size(); ++i)
    EXPECT_TRUE(same_bits(first.gradients[i], second.gradients[i])) << "gradient of input " << i;
}

TEST_P(EveryOp, AFrozenInputGetsNoGradientAndChangesNoOther) {
  const Inputs inputs = make_inputs(row());
  const Evaluation all = evaluate(row().function, inputs, device());
  for (size_t frozen = 0; frozen < inputs.tensors.size(); ++frozen) {
    Inputs some = inputs;
    some.differentiable[frozen] = false;
    const Evaluation rest = evaluate(row().function, some, device());
    EXPECT_TRUE(same_bits(rest.output, all.output)) << "input " << frozen << " frozen";
    for (size_t i = 0; i < rest.gradients.size(); ++i) {
      const std::vector<float> expected = i == frozen ? std::vector<float>() : all.gradients[i];
      EXPECT_TRUE(same_bits(rest.gradients[i], expected))
          << "gradient of input " << i << ", input " << frozen << " frozen";
    }
  }
}

// ---- the table itself ---------------------------------------------------------------------------------------------

TEST(EveryOpTable, NamesEveryOperationOfTheHeaders) {
  std::set<std::string> declared, tested;
  const std::regex declaration(R"re(^(Var|Projection|SpectralDistances) (\w+)\()re");
  for (const char* name : {"autograd/ops.h", "autograd/openunmix_ops.h", "autograd/loss_ops.h"}) {
    std::ifstream header(source_path(name));
    ASSERT_TRUE(header.is_open()) << name;
    for (std::string line; std::getline(header, line);) {
      std::smatch match;
      if (std::regex_search(line, match, declaration)) declared.insert(match[2]);
    }
  }
  for (const OpRow& row : op_table()) tested.insert(row.op);
  EXPECT_GT(declared.size(), 30u);
  std::vector<std::string> differing;
  std::ranges::set_symmetric_difference(declared, tested, std::back_inserter(differing));
  EXPECT_THAT(differing, ::testing::IsEmpty()) << "declared, but without a row, or the reverse";
}

// ---- negative controls: what the checks above must notice ----------------------------------------------------------

// square(x) whose gradient is wrong by a factor.
Function square_with_slope(float factor) {
  return [factor](const Vars& v) {
    const Tensor x = v[0].value();
    return make_var(square(v[0].detach()).value(), {v[0]}, [=](const Tensor& dy, Gradients& gradients) {
      std::vector<float> dx = dy.to_vector();
      const std::vector<float> values = x.to_vector();
      for (size_t i = 0; i < dx.size(); ++i) dx[i] *= 2.0f * factor * values[i];
      gradients.add(0, Tensor::from(dx, x.shape(), x.device()));
    });
  };
}

TEST(EveryOpCheck, ASlopeWrongByTwoPercentFails) {
  const Inputs inputs{{random_tensor({3, 5}, 1)}, {true}};
  for (const Device device : devices_present()) {
    EXPECT_LT(gradient_error(square_with_slope(1.0f), inputs, device), tolerance::kFiniteDifference);
    EXPECT_GT(gradient_error(square_with_slope(1.02f), inputs, device), 10.0 * tolerance::kFiniteDifference);
    EXPECT_GT(gradient_error(square_with_slope(0.98f), inputs, device), 10.0 * tolerance::kFiniteDifference);
  }
}

TEST(EveryOpCheck, AMissingGradientFails) {
  const Inputs inputs{{random_tensor({3}, 1), random_tensor({3}, 2)}, {true, true}};
  const Function cut_off = [](const Vars& v) { return mul(v[0], v[1].detach()); };
  EXPECT_EQ(gradient_error(cut_off, inputs, Device::cpu), std::numeric_limits<double>::infinity());
}

TEST(EveryOpCheck, AValueWrongByATenthOfAPermilleFails) {
  const Inputs inputs{{random_tensor({3, 5}, 1)}, {true}};
  const Evaluation evaluation = evaluate(square_with_slope(1.0f), inputs, Device::cpu);
  const auto squares = [](double factor) {
    return [factor](const Arrays& in) {
      std::vector<double> y = in[0].values;
      for (double& value : y) value *= factor * value;
      return y;
    };
  };
  EXPECT_LT(value_error(evaluation, inputs, squares(1.0)), tolerance::kValue);
  EXPECT_GT(value_error(evaluation, inputs, squares(1.0001)), tolerance::kValue);
}

TEST(EveryOpCheck, WrongSizesAndNaNFail) {
  const std::vector<double> two{1.0, 2.0}, not_a_number{1.0, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(relative_error(two, two), 0.0);
  EXPECT_EQ(relative_error(two, {1.0}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(relative_error(not_a_number, two), std::numeric_limits<double>::infinity());
  EXPECT_EQ(relative_error(two, not_a_number), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace unmix::test
