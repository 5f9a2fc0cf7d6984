// The CPU's memory: aligned, given back, and in steady state without a fresh page.
#include "tensor/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "autograd/ops.h"
#include "tensor/tensor.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

// Memory of this process that is backed by pages: it grows when a page is touched for the first time.
size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// A training step in small, about 60 MiB of intermediate values; without a matrix product, since oneDNN's own buffers
// come from malloc, whose use of pages takes some more steps to settle.
void step(const Var& x, const Var& weight) {
  Var w = weight;
  sum(square(tanh(relu(mul(x, w))))).backward();
  w.clear_grad();
}

constexpr size_t kStepBytes = size_t{60} << 20;

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
  const Var x(random_tensor({2000, 1000}, 1)), weight(random_tensor({1000}, 2), true);
  for (int i = 0; i < 3; ++i) step(x, weight);
  const MemoryUse before = cpu_memory_use();
  const size_t resident = resident_bytes();
  for (int i = 0; i < 10; ++i) step(x, weight);
  EXPECT_EQ(cpu_memory_use().held, before.held);
  EXPECT_EQ(cpu_memory_use().in_use, before.in_use);
  EXPECT_LT(resident_bytes(), resident + kStepBytes / 10) << "ten steps touched fresh pages";
}

// What the check above must notice: a loop that keeps a tenth of what each step made.
TEST(Memory, ALeakIsNoticed) {
  const size_t in_use = cpu_memory_use().in_use;
  std::vector<Tensor> kept;
  for (int i = 0; i < 10; ++i) kept.push_back(Tensor::full({kStepBytes / 10 / sizeof(float)}, 1.0f));
  EXPECT_GE(cpu_memory_use().in_use, in_use + kStepBytes - 10 * sizeof(float));
}

TEST(Memory, FreshPagesAreNoticed) {
  const size_t resident = resident_bytes();
  const std::vector<char> fresh(kStepBytes, 'x');
  EXPECT_GE(resident_bytes(), resident + kStepBytes / 10) << fresh.back();
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
