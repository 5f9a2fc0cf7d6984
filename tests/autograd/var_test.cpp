// The graph: accumulation, no-grad scopes, frozen networks, memory that backward gives back.
#include "autograd/var.h"

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tensor/memory.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

class Graph : public ::testing::TestWithParam<Device> {
 protected:
  Var leaf(const std::vector<float>& values, bool requires_grad = true) const {
    return Var(Tensor::from(values, {static_cast<int64_t>(values.size())}, GetParam()), requires_grad);
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Graph, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

using Floats = std::vector<float>;

TEST_P(Graph, GradientsOfSeveralUsesAddUp) {
  const Var x = leaf({1.0f, -2.0f, 3.0f});
  Var loss = sum(mul(x, x) + scale(x, 2.0f));
  loss.backward();
  EXPECT_EQ(x.grad().to_vector(), (Floats{4.0f, -2.0f, 8.0f}));
}

TEST_P(Graph, ASharedPartIsPassedThroughOnce) {
  const Var x = leaf({2.0f});
  const Var y = square(x);
  sum(mul(y, y) + y).backward();  // d/dx (x^4 + x^2) = 4 x^3 + 2 x
  EXPECT_EQ(x.grad().to_vector(), Floats{36.0f});
}

TEST_P(Graph, ASecondBackwardAddsAndClearGradForgets) {
  Var x = leaf({1.0f, 2.0f});
  sum(square(x)).backward();
  const Tensor first = x.grad();
  const Floats kept = first.to_vector();
  sum(square(x)).backward();
  EXPECT_EQ(x.grad().to_vector(), (Floats{4.0f, 8.0f}));
  EXPECT_EQ(first.to_vector(), kept) << "a gradient that someone holds was overwritten";
  x.clear_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST_P(Graph, InANoGradScopeNothingIsKept) {
  const Var x = leaf({1.0f});
  {
    const NoGrad outer;
    {
      const NoGrad inner;
      EXPECT_FALSE(square(x).requires_grad());
    }
    EXPECT_FALSE(square(x).requires_grad());
  }
  EXPECT_TRUE(square(x).requires_grad());
}

TEST_P(Graph, OfFrozenInputsNoGraphIsBuilt) {
  Var x = leaf({1.0f}, false);
  EXPECT_FALSE(square(x).requires_grad());
  sum(square(x)).backward();
  EXPECT_FALSE(x.grad().defined());
  x.set_requires_grad(true);
  EXPECT_TRUE(square(x).requires_grad());
  EXPECT_FALSE(square(x).detach().requires_grad());
}

TEST_P(Graph, AGradientFlowsThroughAFrozenNetwork) {
  const Var x = leaf({1.0f, 2.0f}), weight = leaf({3.0f, 4.0f}, false);
  sum(mul(x, weight)).backward();
  EXPECT_EQ(x.grad().to_vector(), (Floats{3.0f, 4.0f}));
  EXPECT_FALSE(weight.grad().defined());
}

TEST_P(Graph, ADeepGraphNeedsNoStack) {
  const Var x = leaf({1.0f});
  Var y = x;
  for (int i = 0; i < 100000; ++i) y = add_scalar(y, 0.0f);
  sum(y).backward();
  EXPECT_EQ(x.grad().to_vector(), Floats{1.0f});
}

TEST(GraphMemory, BackwardFreesWhatTheGraphKept) {
  const Var x(Tensor::full({1 << 16}, 0.5f), true);
  const size_t before = cpu_memory_use().in_use, bytes = sizeof(float) << 16;
  Var loss = sum(exp(square(x)));
  EXPECT_GE(cpu_memory_use().in_use, before + bytes);
  loss.backward();
  EXPECT_LT(cpu_memory_use().in_use, before + bytes + bytes / 2) << "more than the gradient of x is still held";
}

TEST(GraphMemory, AGraphThatIsDroppedFreesAll) {
  const Var x(Tensor::full({1 << 16}, 0.5f), true);
  const size_t before = cpu_memory_use().in_use;
  { const Var loss = sum(exp(square(x))); }
  EXPECT_EQ(cpu_memory_use().in_use, before);
}

}  // namespace
}  // namespace unmix::test
