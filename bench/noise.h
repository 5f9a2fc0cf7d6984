// Input of the benchmarks: the same noise on every run.
#pragma once

#include "tensor/random.h"
#include "tensor/tensor.h"

namespace unmix::bench {

// Uniform in [-0.1, 0.1): waveforms of that level keep a network at its usual working point.
inline Tensor noise(Shape shape, uint64_t stream) {
  Tensor tensor = Tensor::empty(std::move(shape));
  const Philox random{1, stream};
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.data()[i] = 0.2f * random.uniform(static_cast<uint64_t>(i)) - 0.1f;
  return tensor;
}

}  // namespace unmix::bench
