// The CPU's memory: aligned, given back, and in steady state without a fresh page.
#include "tensor/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "audio_helpers.h"
#include "autograd/ops.h"
#include "tensor/tensor.h"
#include "tensor_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

// Page faults of this process that needed no disk.
long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// A training step in small: about 60 MiB of intermediate values.
void step(const Var& x, const Var& weight) {
  Var w = weight;
  const Var y = relu(linear(x, w));
  sum(square(tanh(y))).backward();
  w.clear_grad();
}

constexpr long kPagesOfAStep = (60 << 20) / 4096;

TEST(Memory, BlocksAreAligned) {
  std::vector<Tensor> kept;
  for (const int64_t size : {0, 1, 7, 16, 17, 1000, 100000, 3000000}) {
    kept.push_back(Tensor::empty({size}));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(kept.back().data()) % 64, 0u) << size;
  }
  for (size_t i = 1; i < kept.size(); ++i) EXPECT_NE(kept[i].data(), kept[i - 1].data());
}

TEST(Memory, UseIsCountedAndGivenBack) {
  const size_t before = cpu_memory_use().in_use;
  {
    const Tensor x = Tensor::empty({1000, 1000}), view = x.rows(10, 20);
    EXPECT_GE(cpu_memory_use().in_use, before + 4000000);
    EXPECT_LT(cpu_memory_use().in_use, before + 5000000);
  }
  EXPECT_EQ(cpu_memory_use().in_use, before);
  EXPECT_GE(cpu_memory_use().held, cpu_memory_use().in_use);
}

TEST(Memory, ASteadyLoopTakesNoNewMemory) {
  const Var x(random_tensor({2000, 500}, 1)), weight(random_tensor({1000, 500}, 2), true);
  for (int i = 0; i < 3; ++i) step(x, weight);
  const size_t held = cpu_memory_use().held, in_use = cpu_memory_use().in_use;
  const long faults = page_faults();
  for (int i = 0; i < 10; ++i) step(x, weight);
  EXPECT_EQ(cpu_memory_use().held, held);
  EXPECT_EQ(cpu_memory_use().in_use, in_use);
  EXPECT_LT(page_faults() - faults, kPagesOfAStep / 10) << "ten steps touched fresh pages";
}

// What the check above must notice: memory given back to the system before each step is faulted in again.
TEST(Memory, FreshPagesAreNoticed) {
  const Var x(random_tensor({2000, 500}, 1)), weight(random_tensor({1000, 500}, 2), true);
  std::vector<std::vector<char>> fresh;
  const long faults = page_faults();
  for (int i = 0; i < 10; ++i) fresh.emplace_back(6 << 20, 1);
  EXPECT_GT(page_faults() - faults, kPagesOfAStep / 100);
}

TEST(Memory, FreedNeighboursAreJoined) {
  std::vector<Tensor> small;
  for (int i = 0; i < 100; ++i) small.push_back(Tensor::empty({100000}));
  const size_t held = cpu_memory_use().held;
  for (int i = 0; i < 100; i += 2) small[static_cast<size_t>(i)] = Tensor();
  small.clear();
  const Tensor large = Tensor::empty({9000000});
  EXPECT_EQ(cpu_memory_use().held, held);
}

TEST(Memory, FreeMemoryCanBeGivenBackToTheSystem) {
  Tensor x = Tensor::full({1000}, 1.0f);
  { const Tensor large = Tensor::empty({int64_t{3} << 28}); }
  const size_t held = cpu_memory_use().held;
  release_cpu_memory();
  EXPECT_LT(cpu_memory_use().held, held);
  EXPECT_EQ(x.to_vector(), std::vector<float>(1000, 1.0f));
  EXPECT_EQ(Tensor::full({3}, 2.0f).to_vector(), std::vector<float>(3, 2.0f));
}

TEST(Memory, TooMuchIsRefusedWithTheSize) {
  const size_t in_use = cpu_memory_use().in_use, held = cpu_memory_use().held;
  const std::string message = error_of([] { Tensor::empty({int64_t{1} << 50}); });
  EXPECT_THAT(message, HasSubstr("out of memory: 4294967296.0 MiB"));
  EXPECT_EQ(cpu_memory_use().in_use, in_use);
  EXPECT_EQ(cpu_memory_use().held, held);
}

}  // namespace
}  // namespace unmix::test
