#include "tests/support/vggish_helpers.h"

#include <cmath>

namespace unmix::test {

Tensor hashed(uint32_t stream, const Shape& shape, double size, double shift, Device device) {
  std::vector<float> values(static_cast<size_t>(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t h = static_cast<uint32_t>(i) + stream * 0x9E3779B9u;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    h ^= h >> 16;
    values[i] = static_cast<float>(size * ((h >> 8) * 0x1p-24 - 0.5) + shift);
  }
  return Tensor::from(values, shape, device);
}

NamedTensors hashed_weights(const VggishConfig& config) {
  NamedTensors weights;
  for (const auto& [name, value] : Vggish(config).state()) {
    const Shape& shape = value.shape();
    const double fan_in = static_cast<double>(value.size() / shape[0]);
    const double size = shape.size() > 1 ? std::exp2(std::floor(std::log2(3.0 * std::sqrt(6.0 / fan_in)))) : 0x1p-3;
    weights.emplace_back(name, hashed(static_cast<uint32_t>(weights.size()), shape, size));
  }
  return weights;
}

std::unique_ptr<Vggish> hashed_vggish(Device device, bool embeddings, int64_t width) {
  const VggishConfig config{.embeddings = embeddings, .width = width};
  auto network = std::make_unique<Vggish>(config);
  network->load_weights(hashed_weights(config), "formula");
  network->to(device);
  return network;
}

}  // namespace unmix::test
