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

class DeviceFloats {
 public:
  explicit DeviceFloats(size_t count) : count_(count) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&data_), std::max<size_t>(count, 1) * sizeof(float)), cudaSuccess);
  }
  explicit DeviceFloats(const std::vector<float>& values) : DeviceFloats(values.size()) { assign(values); }
  ~DeviceFloats() { cudaFree(data_); }
  DeviceFloats(const DeviceFloats&) = delete;
  DeviceFloats& operator=(const DeviceFloats&) = delete;

  void assign(const std::vector<float>& values) {
    EXPECT_EQ(cudaMemcpy(data_, values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice), cudaSuccess);
  }
  std::vector<float> values() const {
    std::vector<float> result(count_);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(result.data(), data_, count_ * sizeof(float), cudaMemcpyDeviceToHost), cudaSuccess);
    return result;
  }
  float* get() const { return data_; }
  size_t bytes() const { return count_ * sizeof(float); }

 private:
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
