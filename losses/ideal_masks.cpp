#include "losses/ideal_masks.h"

#include <cmath>

#include "tensor/launch.h"

namespace unmix {
namespace {

struct RatioMasks {
  const float* magnitudes;
  int64_t sources, size;
  float* masks;
  HD void operator()(int64_t i) const {
    float sum = 0.0f;
    for (int64_t k = 0; k < sources; ++k) sum += magnitudes[k * size + i];
    for (int64_t k = 0; k < sources; ++k) masks[k * size + i] = magnitudes[k * size + i] / (sum + 1e-18f);
  }
};

struct DominantSources {
  const float* magnitudes;
  int64_t sources, size;
  float* numbers;
  HD void operator()(int64_t i) const {
    float most = magnitudes[i], number = 0.0f;
    for (int64_t k = 1; k < sources; ++k) {
      const float magnitude = magnitudes[k * size + i];
      number = magnitude > most ? static_cast<float>(k) : number;
      most = magnitude > most ? magnitude : most;
    }
    numbers[i] = number;
  }
};

struct OneHot {
  const float* numbers;
  int64_t size;
  float* masks;
  HD void operator()(int64_t k, int64_t i) const { masks[k * size + i] = numbers[i] == static_cast<float>(k); }
};

struct PhaseCosines {
  const float *mixture, *targets;
  int64_t size;
  float* cosines;
  HD void operator()(int64_t k, int64_t i) const {
    const float *x = mixture + 2 * i, *y = targets + 2 * (k * size + i);
    const float lengths = std::sqrt(x[0] * x[0] + x[1] * x[1]) * std::sqrt(y[0] * y[0] + y[1] * y[1]);
    cosines[k * size + i] = lengths > 0.0f ? (x[0] * y[0] + x[1] * y[1]) / lengths : 0.0f;
  }
};

Shape one_source(const Tensor& of_sources) { return {of_sources.shape().begin() + 1, of_sources.shape().end()}; }

}  // namespace

Tensor ratio_masks(const Tensor& magnitudes) {
  Tensor masks = Tensor::empty(magnitudes.shape(), magnitudes.device());
  const int64_t sources = magnitudes.dim(0), size = magnitudes.size() / sources;
  parallel_for(masks.device(), size, RatioMasks{magnitudes.data(), sources, size, masks.data()});
  return masks;
}

Tensor dominant_sources(const Tensor& magnitudes) {
  Tensor numbers = Tensor::empty(one_source(magnitudes), magnitudes.device());
  parallel_for(numbers.device(), numbers.size(),
               DominantSources{magnitudes.data(), magnitudes.dim(0), numbers.size(), numbers.data()});
  return numbers;
}

Tensor one_hot(const Tensor& numbers, int64_t sources) {
  Shape shape = numbers.shape();
  shape.insert(shape.begin(), sources);
  Tensor masks = Tensor::empty(shape, numbers.device());
  parallel_for(masks.device(), sources, numbers.size(), OneHot{numbers.data(), numbers.size(), masks.data()});
  return masks;
}

Tensor phase_cosines(const Tensor& mixture, const Tensor& targets) {
  Shape shape = targets.shape();
  shape.pop_back();
  Tensor cosines = Tensor::empty(shape, targets.device());
  const int64_t size = mixture.size() / 2;
  parallel_for(cosines.device(), targets.dim(0), size,
               PhaseCosines{mixture.data(), targets.data(), size, cosines.data()});
  return cosines;
}

}  // namespace unmix
