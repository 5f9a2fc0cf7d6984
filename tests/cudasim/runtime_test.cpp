// The runtime of the simulated device: late queues, memory in the order of the streams, errors that stick.
#include <cmath>

#include "tensor/launch.h"
#include "tests/cudasim/helpers.h"

namespace cudasim {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;

__global__ void set_to(float* data, float value) { data[0] = value; }
__global__ void add_to(float* data, float value) { data[0] += value; }

class Runtime : public SimulatedDevice {};

TEST_F(Runtime, NameSaysThatTheDeviceIsSimulated) {
  EXPECT_THAT(unmix::cuda_device_name(0), HasSubstr("simulated"));
  EXPECT_EQ(unmix::cuda_device_count(), 1);
}

TEST_F(Runtime, WorkRunsAtTheSynchronisation) {
  const cudaStream_t stream = make_stream();
  bool ran = false;
  enqueue(stream, "work", [&] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_TRUE(ran);
}

TEST_F(Runtime, OneStreamKeepsItsOrder) {
  const cudaStream_t stream = make_stream();
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) enqueue(stream, "work", [&order, i] { order.push_back(i); });
  finish();
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(Runtime, FreshMemoryHoldsNaNs) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(300, stream);
  std::vector<float> values(300);
  finish();
  {
    const Unprotect open;
    std::copy(data, data + 300, values.begin());
  }
  EXPECT_THAT(values, Each(testing::IsNan()));
  EXPECT_EQ(cudaFreeAsync(data, stream), cudaSuccess);
}

TEST_F(Runtime, CopyFromPageableMemoryTakesItsSourceAtTheCall) {
  const cudaStream_t stream = make_stream();
  float *data = device_memory(1, stream), source = 3.0f;
  EXPECT_EQ(cudaMemcpyAsync(data, &source, sizeof source, cudaMemcpyHostToDevice, stream), cudaSuccess);
  source = 4.0f;
  EXPECT_EQ(read(data, 1, stream)[0], 3.0f);
  cudaFreeAsync(data, stream);
}

TEST_F(Runtime, CopyFromPinnedMemoryTakesItsSourceWhenItRuns) {
  const cudaStream_t stream = make_stream();
  float *data = device_memory(1, stream), *source = pinned_memory(1);
  *source = 3.0f;
  EXPECT_EQ(cudaMemcpyAsync(data, source, sizeof *source, cudaMemcpyHostToDevice, stream), cudaSuccess);
  *source = 4.0f;
  EXPECT_EQ(read(data, 1, stream)[0], 4.0f);
  cudaFreeAsync(data, stream);
  EXPECT_EQ(cudaFreeHost(source), cudaSuccess);
}

TEST_F(Runtime, EventOrdersTwoStreamsUnderEverySeed) {
  const cudaStream_t first = make_stream(), second = make_stream();
  float* data = device_memory(1, first);
  const auto results = under_seeds(8, [&] {
    const cudaEvent_t event = make_event();
    unmix::launch(set_to, 1, 1, 0, first, data, 1.0f);
    unmix::launch(add_to, 1, 1, 0, first, data, 1.0f);
    EXPECT_EQ(cudaEventRecord(event, first), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(second, event, 0), cudaSuccess);
    EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);  // the wait keeps what it needs
    unmix::launch(add_to, 1, 1, 0, second, data, 5.0f);
    EXPECT_EQ(cudaStreamSynchronize(second), cudaSuccess);
    return read(data, 1, first)[0];
  });
  EXPECT_THAT(results, Each(7.0f));
  cudaFreeAsync(data, first);
}

TEST_F(Runtime, EventQueriesMakeProgress) {
  const cudaStream_t stream = make_stream();
  const cudaEvent_t event = make_event();
  EXPECT_EQ(cudaEventQuery(event), cudaSuccess);  // never recorded
  int ran = 0, asked = 0;
  for (int i = 0; i < 100; ++i) enqueue(stream, "work", [&ran] { ++ran; });
  cudaEventRecord(event, stream);
  while (cudaEventQuery(event) == cudaErrorNotReady) ++asked;
  EXPECT_EQ(ran, 100);
  EXPECT_GT(asked, 5);
  EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady);  // as on a device: to be taken away by who asked
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaErrorInvalidResourceHandle);
  cudaGetLastError();
}

TEST_F(Runtime, MemoryIsCountedInTheOrderOfTheStream) {
  Settings small = settings();
  small.memory_bytes = size_t{1} << 20;
  configure(small);
  const cudaStream_t stream = make_stream();
  for (int i = 0; i < 10; ++i) {  // each fits only because the queue frees the one before
    float* data = device_memory((size_t{1} << 20) / 6, stream);
    ASSERT_NE(data, nullptr);
    cudaFreeAsync(data, stream);
  }
  void* data = nullptr;
  EXPECT_EQ(cudaMallocAsync(&data, size_t{2} << 20, stream), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  size_t free = 0, total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(total, size_t{1} << 20);
}

TEST_F(Runtime, ErrorsInsideWorkStick) {
  const cudaStream_t stream = make_stream();
  enqueue(stream, "work", [] { fail("a misuse"); });
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  void* data = nullptr;
  EXPECT_EQ(cudaMallocAsync(&data, 4, stream), cudaErrorLaunchFailure);
  EXPECT_THAT(report(), HasSubstr("a misuse"));
  EXPECT_THAT(cudaGetErrorString(cudaErrorLaunchFailure), HasSubstr("a misuse"));
}

TEST_F(Runtime, LastErrorOfACallGoesWithItsReading) {
  EXPECT_EQ(cudaSetDevice(3), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Runtime, WhatIsNoStreamIsRefused) {
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidResourceHandle);
  EXPECT_THROW(enqueue(nullptr, "work", [] {}), Misuse);
}

TEST_F(Runtime, DevicePointersLieInsideOneAllocation) {
  const cudaStream_t stream = make_stream();
  float *data = device_memory(10, stream), host[10];
  EXPECT_TRUE(is_device_pointer(data, 40));
  EXPECT_TRUE(is_device_pointer(data + 2, 32));
  EXPECT_FALSE(is_device_pointer(data + 2, 40));
  EXPECT_FALSE(is_device_pointer(host, 4));
  cudaFreeAsync(data, stream);
  EXPECT_FALSE(is_device_pointer(data, 40));
}

}  // namespace
}  // namespace cudasim
