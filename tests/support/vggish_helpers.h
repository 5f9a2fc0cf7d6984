// What scripts/golden_cases/vggish.py makes from formulas: numbers, and networks with such weights.
#pragma once

#include <memory>

#include "models/vggish.h"

namespace unmix::test {

// size * hash(stream, i) + shift, hash in [-1/2, 1/2).
Tensor hashed(uint32_t stream, const Shape& shape, double size = 1.0, double shift = 0.0, Device device = Device::cpu);

// Weights for every parameter of a network of this configuration, by name.
NamedTensors hashed_weights(const VggishConfig& config);

// The goldens' network: 2 channels in conv1 where the published one has 64.
constexpr int64_t kNarrow = 2;
std::unique_ptr<Vggish> hashed_vggish(Device device, bool embeddings = false, int64_t width = kNarrow);

}  // namespace unmix::test
