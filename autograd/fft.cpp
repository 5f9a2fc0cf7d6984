// Real transforms as linear maps. With N values and the bins 0..N/2 only, the adjoint of the forward transform weighs
// the inner bins, which stand for two, by one half; that of the inverse by two.
#include "tensor/fft.h"

#include "autograd/ops.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct Weigh {
  const float* from;
  int64_t bins;
  float outer, inner;
  float* to;
  HD void operator()(int64_t row, int64_t i) const {
    const int64_t at = row * 2 * bins + i;
    to[at] = from[at] * (i < 2 || i >= 2 * bins - 2 ? outer : inner);
  }
};

Tensor weighed(const Tensor& spectrum, float outer, float inner) {
  const int64_t bins = spectrum.dim(-2);
  Tensor result = Tensor::empty(spectrum.shape(), spectrum.device());
  parallel_for(spectrum.device(), spectrum.size() / (2 * bins), 2 * bins,
               Weigh{spectrum.data(), bins, outer, inner, result.data()});
  return result;
}

Tensor forward(const Tensor& x) {
  Shape shape = x.shape();
  const int64_t n = shape.back();
  shape.back() = n / 2 + 1;
  shape.push_back(2);
  Tensor spectrum = Tensor::empty(shape, x.device());
  rfft(x.device(), {n, x.size() / n}, x.data(), spectrum.data());
  return spectrum;
}

// Consumes the spectrum.
Tensor inverse(Tensor spectrum) {
  Shape shape = spectrum.shape();
  shape.pop_back();
  const int64_t n = 2 * (shape.back() - 1);
  shape.back() = n;
  Tensor x = Tensor::empty(shape, spectrum.device());
  irfft(x.device(), {n, x.size() / n}, spectrum.data(), x.data());
  return x;
}

}  // namespace

Var rfft(const Var& x) {
  check(!x.shape().empty() && x.dim(-1) >= 2 && x.dim(-1) % 2 == 0, "rfft",
        "shape {} must end with an even number of values", to_string(x.shape()));
  return make_var(forward(x.value()), {x},
                  [](const Tensor& dy, Gradients& gradients) { gradients.add(0, inverse(weighed(dy, 1.0f, 0.5f))); });
}

Var irfft(const Var& spectrum) {
  const Shape& shape = spectrum.shape();
  check(shape.size() >= 2 && shape.back() == 2 && spectrum.dim(-2) >= 2, "irfft",
        "shape {} is not a spectrum (..., bins, 2)", to_string(shape));
  const float per_value = 0.5f / static_cast<float>(spectrum.dim(-2) - 1);
  return make_var(inverse(weighed(spectrum.value(), per_value, per_value)), {spectrum},
                  [per_value](const Tensor& dy, Gradients& gradients) {
                    gradients.add(0, weighed(forward(dy), per_value, 2.0f * per_value));
                  });
}

}  // namespace unmix
