// Negative controls: one small fault each, and the check that must catch it. checks_test.cpp has those that only the
// instrumented build can find.
#include <cmath>

#include "base/error.h"
#include "tensor/launch.h"
#include "tests/cudasim/helpers.h"

namespace cudasim {
namespace {

namespace gpu = unmix::gpu;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

__global__ void set_to(float* data, float value) { data[0] = value; }
__global__ void copy_first(const float* from, float* to) { to[0] = from[0]; }
__global__ void fill_one_too_many(float* data, unsigned count) {
  const unsigned i = gpu::block() * gpu::block_threads() + gpu::thread();
  if (i <= count) data[i] = 1.0f;
}
__global__ void barrier_for_some(float* data) {
  if (gpu::thread() == 37) return;
  gpu::barrier();
  data[gpu::thread()] = 1.0f;
}
__global__ void barriers_at_two_lines(float* data) {
  if (gpu::thread() < 32) {
    gpu::barrier();
  } else {
    gpu::barrier();
  }
  data[gpu::thread()] = 1.0f;
}
__global__ void shuffle_of_half_a_warp(float* data) {
  if (gpu::thread() < 16) data[gpu::thread()] = gpu::shuffle_down(1.0f, 1);
}
__global__ void write_past_shared_memory(float* data) {
  gpu::shared_memory<float>()[4] = 1.0f;
  data[0] = 1.0f;
}
__global__ void never_end(volatile float* data) {
  while (data[0] == 0.0f) data[1] = 1.0f;
}

class Faults : public SimulatedDevice {
 protected:
  // The error of the next synchronisation, by name, and the report.
  std::string outcome() {
    const cudaError_t error = cudaStreamSynchronize(stream_);
    return std::string(cudaGetErrorName(error)) + ": " + report();
  }
  cudaStream_t stream_ = make_stream();
};

TEST_F(Faults, BarrierNotReachedByAll) {
  float* data = device_memory(64, stream_);
  unmix::launch(barrier_for_some, 2, 64, 0, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("LaunchFailure"), HasSubstr("barrier_for_some"), HasSubstr("thread 37"),
                               HasSubstr("faults_test.cpp"), HasSubstr("not reached by all")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, BarriersAtTwoLines) {
  float* data = device_memory(64, stream_);
  unmix::launch(barriers_at_two_lines, 1, 64, 0, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("barriers_at_two_lines"), HasSubstr("waits at another")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, ShuffleOfHalfAWarp) {
  float* data = device_memory(32, stream_);
  unmix::launch(shuffle_of_half_a_warp, 1, 32, 0, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("shuffle_of_half_a_warp"), HasSubstr("does not take part")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, OffByOneInTheLastBlock) {
  float* data = device_memory(256, stream_);
  unmix::launch(fill_one_too_many, 3, 128, 0, stream_, data, 256u);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("IllegalAddress"), HasSubstr("fill_one_too_many, block 2, thread 0"),
                               HasSubstr("0 bytes past the end of allocation"), HasSubstr("of 1024 bytes")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, PastSharedMemory) {
  float* data = device_memory(1, stream_);
  unmix::launch(write_past_shared_memory, 1, 1, 16, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("IllegalAddress"), HasSubstr("outside the 16 bytes of shared memory")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, MissingEventBetweenStreams) {
  const cudaStream_t other = make_stream();
  float* data = device_memory(2, stream_);
  const auto results = under_seeds(16, [&] {
    cudaMemsetAsync(data, 0, 2 * sizeof(float), stream_);
    cudaStreamSynchronize(stream_);
    unmix::launch(set_to, 1, 1, 0, stream_, data, 1.0f);
    unmix::launch(copy_first, 1, 1, 0, other, data, data + 1);
    cudaStreamSynchronize(other);
    return read(data, 2, stream_)[1];
  });
  EXPECT_THAT(results, AllOf(Contains(0.0f), Contains(1.0f)));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, MemoryOfAnotherStreamBeforeItIsMade) {
  const cudaStream_t other = make_stream();
  std::string reports;
  under_seeds(16, [&] {
    forget();
    float* data = device_memory(1, stream_);
    unmix::launch(set_to, 1, 1, 0, other, data, 1.0f);
    cudaStreamSynchronize(other);
    reports += report();
    return cudaFreeAsync(data, stream_) == cudaSuccess ? 0.0f : 1.0f;
  });
  EXPECT_THAT(reports, AllOf(HasSubstr("set_to"), HasSubstr("not made yet in the order of its stream")));
}

TEST_F(Faults, PinnedMemoryFreedEarly) {
  float *data = device_memory(4, stream_), *source = pinned_memory(4);
  cudaMemcpyAsync(data, source, 4 * sizeof(float), cudaMemcpyHostToDevice, stream_);
  EXPECT_THROW(cudaFreeHost(source), Misuse);
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(cudaFreeHost(source), cudaSuccess);
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, ResultReadTooEarly) {
  float *data = device_memory(1, stream_), *target = pinned_memory(1);
  *target = 0.0f;
  unmix::launch(set_to, 1, 1, 0, stream_, data, 2.0f);
  cudaMemcpyAsync(target, data, sizeof(float), cudaMemcpyDeviceToHost, stream_);
  EXPECT_TRUE(std::isnan(*target));
  cudaStreamSynchronize(stream_);
  EXPECT_EQ(*target, 2.0f);
  cudaFreeHost(target);
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, UseAfterFree) {
  float* data = device_memory(8, stream_);
  cudaFreeAsync(data, stream_);
  unmix::launch(set_to, 1, 1, 0, stream_, data, 1.0f);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("IllegalAddress"), HasSubstr("set_to"), HasSubstr("which is freed")));
}

TEST_F(Faults, FreeOfFreedMemory) {
  float* data = device_memory(8, stream_);
  EXPECT_EQ(cudaFreeAsync(data, stream_), cudaSuccess);
  EXPECT_THROW(cudaFreeAsync(data, stream_), Misuse);
  cudaStreamSynchronize(stream_);
  EXPECT_THROW(cudaFreeAsync(data, stream_), Misuse);
}

TEST_F(Faults, FreeOfTheMiddle) {
  float* data = device_memory(8, stream_);
  EXPECT_THROW(cudaFreeAsync(data + 1, stream_), Misuse);
  EXPECT_EQ(cudaFreeAsync(data, stream_), cudaSuccess);
}

TEST_F(Faults, CopyPastTheEnd) {
  float *data = device_memory(8, stream_), host[9] = {};
  EXPECT_EQ(cudaMemcpyAsync(data, host, sizeof host, cudaMemcpyHostToDevice, stream_), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(data, 0, sizeof host, stream_), cudaErrorInvalidValue);
  cudaGetLastError();
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, CopyInTheWrongDirection) {
  float *data = device_memory(8, stream_), host[8] = {};
  EXPECT_EQ(cudaMemcpyAsync(data, host, sizeof host, cudaMemcpyDeviceToHost, stream_), cudaErrorInvalidValue);
  EXPECT_THROW(cudaMemcpyAsync(data, data, sizeof host, cudaMemcpyHostToDevice, stream_), Misuse);
  cudaGetLastError();
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, TooManyThreads) {
  EXPECT_THROW(unmix::launch(set_to, 1, 1025, 0, stream_, nullptr, 1.0f), unmix::Error);
  EXPECT_THROW(unmix::launch(set_to, 0, 32, 0, stream_, nullptr, 1.0f), unmix::Error);
  EXPECT_THROW(unmix::launch(set_to, 1u << 31, 32, 0, stream_, nullptr, 1.0f), unmix::Error);
}

TEST_F(Faults, TooMuchSharedMemory) {
  EXPECT_THROW(unmix::launch(set_to, 1, 32, (48 << 10) + 1, stream_, nullptr, 1.0f), unmix::Error);
}

TEST_F(Faults, KernelThatNeverEnds) {
  Settings impatient = settings();
  impatient.kernel_seconds = 0.2;
  configure(impatient);
  float* data = device_memory(2, stream_);
  cudaMemsetAsync(data, 0, 2 * sizeof(float), stream_);
  unmix::launch(never_end, 1, 1, 0, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("LaunchTimeout"), HasSubstr("never_end"), HasSubstr("does not end")));
  cudaFreeAsync(data, stream_);
}

TEST_F(Faults, NullPointerInAKernel) {
  unmix::launch(set_to, 1, 1, 0, stream_, static_cast<float*>(nullptr), 1.0f);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("IllegalAddress"), HasSubstr("set_to, block 0, thread 0")));
}

TEST_F(Faults, Leak) {
  const size_t before = live_allocations().size();
  float* data = device_memory(777, stream_);
  const auto leaked = live_allocations();
  EXPECT_EQ(leaked.size(), before + 1);
  EXPECT_THAT(leaked, Contains(HasSubstr("3108 bytes")));
  cudaFreeAsync(data, stream_);
  EXPECT_EQ(live_allocations().size(), before);
}

using FaultsDeathTest = Faults;

TEST_F(FaultsDeathTest, HostTouchesDeviceMemory) {
  float* data = device_memory(8, stream_);
  cudaStreamSynchronize(stream_);
  EXPECT_DEATH(*static_cast<volatile float*>(data + 2) = 1.0f,
               "host touches device memory: at byte 8 of allocation .*32 bytes");
  cudaFreeAsync(data, stream_);
}

TEST_F(FaultsDeathTest, HostTouchesFreedPinnedMemory) {
  float* data = pinned_memory(8);
  cudaFreeHost(data);
  EXPECT_DEATH(*static_cast<volatile float*>(data) = 1.0f, "host touches page-locked memory.*which is freed");
}

}  // namespace
}  // namespace cudasim
