// For the tests of the stand-ins: device memory filled from the host, random values, and what a misuse reports.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/cudasim/api.h"

namespace cudasim {

// Of all these tests, and never destroyed.
inline cudaStream_t test_stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), cudaSuccess);
    return made;
  }();
  return stream;
}

class DeviceFloats {
 public:
  explicit DeviceFloats(size_t count) : count_(count) {
    void* data = nullptr;
    EXPECT_EQ(cudaMallocAsync(&data, std::max<size_t>(count, 1) * sizeof(float), test_stream()), cudaSuccess);
    data_ = static_cast<float*>(data);
  }
  explicit DeviceFloats(const std::vector<float>& values) : DeviceFloats(values.size()) { assign(values); }
  ~DeviceFloats() { cudaFreeAsync(data_, test_stream()); }
  DeviceFloats(const DeviceFloats&) = delete;
  DeviceFloats& operator=(const DeviceFloats&) = delete;

  void assign(const std::vector<float>& values) { copy(data_, values.data(), values.size(), cudaMemcpyHostToDevice); }
  std::vector<float> values() const {
    std::vector<float> result(count_);
    copy(result.data(), data_, count_, cudaMemcpyDeviceToHost);
    return result;
  }
  float* get() const { return data_; }
  size_t bytes() const { return count_ * sizeof(float); }

 private:
  static void copy(float* to, const float* from, size_t count, cudaMemcpyKind kind) {
    EXPECT_EQ(cudaMemcpyAsync(to, from, count * sizeof(float), kind, test_stream()), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(test_stream()), cudaSuccess);
  }
  size_t count_;
  float* data_ = nullptr;
};

inline std::vector<float> random_floats(size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(engine);
  return values;
}

// The largest absolute difference; infinite where one is NaN or the sizes differ.
template <class A, class B>
double difference(const A& a, const B& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double apart = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(apart <= largest)) largest = std::isnan(apart) ? INFINITY : apart;
  }
  return largest;
}

// What is reported of a misuse by the call or by its work, empty if nothing is.
template <class Call>
std::string misuse(const Call& call) {
  std::string message;
  try {
    call();
    finish();
    message = report();
  } catch (const Misuse& error) {
    message = error.what();
  }
  forget();
  return message;
}

}  // namespace cudasim
