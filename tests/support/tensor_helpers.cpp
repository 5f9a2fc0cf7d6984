#include "tests/support/tensor_helpers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace unmix::test {

std::vector<Device> devices_present() {
  std::vector<Device> devices{Device::cpu};
  if (built_with_cuda() && cuda_device_count() > 0) devices.push_back(Device::cuda);
  return devices;
}

std::vector<float> random_values(int64_t count, double low, double high, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<float> values(static_cast<size_t>(count));
  // By hand: the standard's distributions differ between libraries.
  for (float& value : values)
    value = static_cast<float>(low + (high - low) * static_cast<double>(engine() >> 11) * 0x1p-53);
  return values;
}

Tensor random_tensor(const Shape& shape, uint64_t seed, double low, double high, Device device) {
  return Tensor::from(random_values(element_count(shape), low, high, seed), shape, device);
}

Array array_of(const Tensor& tensor) {
  const std::vector<float> values = tensor.to_vector();
  return {tensor.shape(), {values.begin(), values.end()}};
}

double relative_error(const std::vector<double>& actual, const std::vector<double>& expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (actual.size() != expected.size()) return kInfinity;
  double difference = 0.0, largest = 0.0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i]) && std::isnan(expected[i])) continue;
    if (actual[i] == expected[i] && std::isinf(expected[i])) continue;
    if (!std::isfinite(actual[i]) || !std::isfinite(expected[i])) return kInfinity;
    difference = std::max(difference, std::fabs(actual[i] - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return largest > 0.0 ? difference / largest : difference;
}

double relative_error(const std::vector<float>& actual, const std::vector<double>& expected) {
  return relative_error(std::vector<double>(actual.begin(), actual.end()), expected);
}

double relative_error(const std::vector<float>& actual, const std::vector<float>& expected) {
  return relative_error(actual, std::vector<double>(expected.begin(), expected.end()));
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

double ulp_error(float actual, double expected) {
  const int exponent = expected == 0.0 ? -126 : std::max(-126, std::ilogb(expected));
  return std::fabs(actual - expected) / std::ldexp(1.0, exponent - 23);
}

}  // namespace unmix::test
