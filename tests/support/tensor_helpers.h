// What the tests of tensors and operations share: the devices present, random values, comparisons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/gemm.h"
#include "tensor/tensor.h"

namespace unmix::test {

// The CPU, and CUDA where this build and this machine have it.
std::vector<Device> devices_present();

// Uniform in [low, high), the same for the same seed.
std::vector<float> random_values(int64_t count, double low, double high, uint64_t seed);
Tensor random_tensor(const Shape& shape, uint64_t seed, double low = -1.0, double high = 1.0,
                     Device device = Device::cpu);

// A tensor in double precision, for plain reference computations.
struct Array {
  Shape shape;
  std::vector<double> values;
  double operator[](int64_t i) const { return values[static_cast<size_t>(i)]; }
};
Array array_of(const Tensor& tensor);

// Largest absolute difference over the largest absolute expected value (the difference itself where that is 0).
// Infinite where sizes differ or where one of them, and not the other, is not finite.
double relative_error(const std::vector<double>& actual, const std::vector<double>& expected);
double relative_error(const std::vector<float>& actual, const std::vector<double>& expected);
double relative_error(const std::vector<float>& actual, const std::vector<float>& expected);

bool same_bits(const std::vector<float>& a, const std::vector<float>& b);

// |actual - expected| in units of the last place of `expected` as a float32.
double ulp_error(float actual, double expected);

}  // namespace unmix::test
