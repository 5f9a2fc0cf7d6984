// What the simulated device counts: every launch, copy and fill, the calls that wait, and the cost of library calls.
#include <algorithm>

#include "autograd/ops.h"
#include "layers/lstm.h"
#include "tensor/gemm.h"
#include "tensor/launch.h"
#include "tests/cudasim/helpers.h"

namespace unmix {
namespace {

// Named as the functor of tensor/fill.cpp: two kernels whose names are equal.
struct Fill {
  float* data;
  HD void operator()(int64_t i) const { data[i] = 2.0f; }
};

}  // namespace
}  // namespace unmix

namespace cudasim {
namespace {

using testing::ElementsAre;

__global__ void fill_with(float* data, int count, float value) {
  const int i = static_cast<int>(unmix::gpu::block() * unmix::gpu::block_threads() + unmix::gpu::thread());
  if (i < count) data[i] = value;
}

class CountersOf : public SimulatedDevice {};

TEST_F(CountersOf, KernelsAndLibraryCalls) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(100, stream);
  reset_counters();
  for (int i = 0; i < 3; ++i) unmix::launch(fill_with, 1, 128, 0, stream, data, 100, 1.0f);
  count_library("library", {.flops = 20.0, .bytes = 4.0, .launches = 5});
  cudaFreeAsync(data, stream);
  cudaStreamSynchronize(stream);
  EXPECT_EQ(host_calls().synchronisations, 1u);
  std::vector<std::string> lines;
  for (const Counters& c : counters())
    lines.push_back(fmt::format("{} {} {} {}", c.name, c.calls, c.launches, c.flops));
  EXPECT_THAT(lines, ElementsAre("cudasim::fill_with 3 3 0", "library 1 5 20"));
}

TEST_F(CountersOf, FunctorsOfOneNameInTwoFilesAreToldApart) {
  const auto data = unmix::allocate(100, unmix::Device::cuda);
  reset_counters();
  unmix::fill(data.get(), unmix::Device::cuda, 1.0f, 100);
  for (int i = 0; i < 2; ++i) unmix::parallel_for(unmix::Device::cuda, 100, unmix::Fill{data.get()});
  std::vector<std::string> lines;
  for (const Counters& c : counters()) lines.push_back(fmt::format("{} of {}: {}", c.name, c.file, c.calls));
  EXPECT_THAT(lines, ElementsAre("for_kernel<Fill> of counters_test.cpp: 2", "for_kernel<Fill> of fill.cpp: 1"));
}

TEST_F(CountersOf, FillsAndCopies) {
  const cudaStream_t stream = make_stream();
  float *a = device_memory(8, stream), *b = device_memory(8, stream), *pinned = pinned_memory(8);
  reset_counters();
  cudaMemsetAsync(a, 0, 32, stream);
  cudaMemcpyAsync(b, a, 32, cudaMemcpyDeviceToDevice, stream);
  cudaMemcpyAsync(pinned, b, 32, cudaMemcpyDeviceToHost, stream);
  cudaMemcpyAsync(a, pinned, 16, cudaMemcpyHostToDevice, stream);
  std::vector<std::string> lines;
  for (const Counters& c : counters()) lines.push_back(fmt::format("{}: {}, {}", c.name, c.launches, c.bytes));
  EXPECT_THAT(lines, ElementsAre("cudaMemcpyAsync on the device: 1, 64", "cudaMemcpyAsync to the device: 1, 16",
                                 "cudaMemcpyAsync to the host: 1, 32", "cudaMemsetAsync: 1, 32"));
  for (void* data : {a, b}) cudaFreeAsync(data, stream);
  cudaFreeHost(pinned);
}

TEST_F(CountersOf, CallsThatWaitThoughTheirNamesDoNotSayIt) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(8, stream);
  std::vector<float> pageable(8);
  const auto hidden = [](const auto& call) {
    reset_counters();
    call();
    return host_calls().hidden_synchronisations;
  };
  float* pinned = nullptr;
  EXPECT_EQ(hidden([&] { pinned = pinned_memory(8); }), 1u);
  EXPECT_EQ(hidden([&] { cudaMemcpyAsync(data, pinned, 32, cudaMemcpyHostToDevice, stream); }), 0u);
  EXPECT_EQ(hidden([&] { cudaMemcpyAsync(data, pageable.data(), 32, cudaMemcpyHostToDevice, stream); }), 1u);
  EXPECT_EQ(hidden([&] { cudaMemcpyAsync(pageable.data(), data, 32, cudaMemcpyDeviceToHost, stream); }), 1u);
  EXPECT_EQ(hidden([&] { cudaFreeHost(pinned); }), 1u);
  const unmix::Tensor x = unmix::Tensor::zeros({1, 60}, unmix::Device::cuda);
  const auto transform = [&] { unmix::rfft(unmix::Var(x)); };
  EXPECT_GE(hidden(transform), 1u);  // the plan is made
  EXPECT_EQ(hidden(transform), 0u);
  EXPECT_EQ(host_calls().allocations, 2u);  // the spectrum and the work area
  cudaFreeAsync(data, stream);
}

// 7 steps of 2 directions, each a product and a cell; 2 products of the input; per call of the backward pass likewise.
TEST_F(CountersOf, AnLstmIsAsManyLaunchesAsItHasSteps) {
  unmix::Initializer init(1);
  unmix::Lstm lstm(3, 4, 1, /*bidirectional=*/true, 0.0, init);
  lstm.to(unmix::Device::cuda);
  const unmix::Var x(unmix::Tensor::zeros({7, 2, 3}, unmix::Device::cuda), true);
  const unmix::Var y = lstm(x);
  EXPECT_EQ(counted("cudnnRNNForward").launches, 2u * (7 * 2 + 1));
  reset_counters();
  unmix::sum(y).backward();
  EXPECT_EQ(counted("cudnnRNNBackwardData_v8").launches, 2u * (7 * 2 + 1));
  EXPECT_EQ(counted("cudnnRNNBackwardWeights_v8").launches, 2u * 3);
  const double gates = 4.0 * 7 * 2 * 2 * 4 * 4, cells = gates / 4;  // bytes
  EXPECT_GT(counted("cudnnRNNBackwardData_v8").bytes, 3 * gates + cells);
}

#ifdef UNMIX_CUDA_SIM_CHECK
// Read by both threads of a pair, then written, then read again: each sector moves to the kernel once and back once.
__global__ void change_twice(float* data) {
  float& mine = data[unmix::gpu::thread() / 2 * 2];
  const float before = mine;
  unmix::gpu::barrier();
  if (unmix::gpu::thread() % 2 == 0) mine = before + 1.0f;
  unmix::gpu::barrier();
  if (unmix::gpu::thread() % 2 == 0) mine = mine + 1.0f;
}

TEST_F(CountersOf, ASectorMovesOnceInALaunch) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(64, stream);
  cudaMemsetAsync(data, 0, 256, stream);
  reset_counters();
  for (int i = 1; i <= 2; ++i) {
    unmix::launch(change_twice, 1, 64, 0, stream, data);
    EXPECT_EQ(counted("cudasim::change_twice").bytes, i * 2.0 * 256);
  }
  cudaFreeAsync(data, stream);
}
#endif

}  // namespace
}  // namespace cudasim
