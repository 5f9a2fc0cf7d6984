// What the tests of the simulated device share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tensor/device.h"
#include "tests/cudasim/api.h"

namespace cudasim {

// Ends with a device without errors, and the settings that it began with.
class SimulatedDevice : public testing::Test {
 protected:
  void SetUp() override {
    finish();
    before_ = settings();
  }
  void TearDown() override {
    forget();
    configure(before_);
  }

  static cudaStream_t make_stream() {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    return stream;
  }

  static cudaEvent_t make_event() {
    cudaEvent_t event = nullptr;
    EXPECT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
    return event;
  }

  template <class T = float>
  static T* device_memory(size_t count, cudaStream_t stream) {
    void* data = nullptr;
    EXPECT_EQ(cudaMallocAsync(&data, count * sizeof(T), stream), cudaSuccess);
    return static_cast<T*>(data);
  }

  static float* pinned_memory(size_t count) {
    void* data = nullptr;
    EXPECT_EQ(cudaHostAlloc(&data, count * sizeof(float), cudaHostAllocPortable), cudaSuccess);
    return static_cast<float*>(data);
  }

  template <class T = float>
  static std::vector<T> read(const T* data, size_t count, cudaStream_t stream) {
    std::vector<T> values(count);
    EXPECT_EQ(cudaMemcpyAsync(values.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost, stream), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return values;
  }

  // Of all kernels and calls of this name.
  static Counters counted(std::string_view name) {
    Counters sum;
    for (const Counters& c : counters())
      if (c.name == name) sum.add(c);
    return sum;
  }

  // What `seeds` different orders make of the same calls.
  static std::vector<float> under_seeds(int seeds, const std::function<float()>& calls) {
    std::vector<float> results;
    for (int seed = 1; seed <= seeds; ++seed) {
      Settings seeded = settings();
      seeded.seed = static_cast<uint64_t>(seed);
      configure(seeded);
      results.push_back(calls());
    }
    return results;
  }

  Settings before_;
};

}  // namespace cudasim
