// Dropout: y_i = x_i m_i, m_i = 1/(1-p) with probability 1-p, else 0. The mask is never stored: Philox makes it again.
#include "autograd/ops.h"
#include "base/error.h"
#include "tensor/launch.h"
#include "tensor/random.h"

namespace unmix {
namespace {

// Four neighbours share one Philox block.
struct Drop {
  Philox random;
  uint32_t threshold;  // a value is dropped where its word is below
  float factor;
  int64_t size;
  const float* x;
  float* y;
  HD void operator()(int64_t block) const {
    uint32_t words[4];
    random.block(static_cast<uint64_t>(block), words);
    for (int64_t j = 0; j < 4 && 4 * block + j < size; ++j) {
      const int64_t i = 4 * block + j;
      y[i] = words[j] < threshold ? 0.0f : factor * x[i];
    }
  }
};

}  // namespace

Var dropout(const Var& x, float p, uint64_t seed, uint64_t stream) {
  check(p >= 0.0f && p < 1.0f, "dropout", "probability {} is not in [0, 1)", p);
  if (p == 0.0f) return x;
  const Philox random{seed, stream};
  const auto threshold = static_cast<uint32_t>(static_cast<double>(p) * 0x1p32);
  const auto apply = [=](const Tensor& from) {
    Tensor to = Tensor::empty(from.shape(), from.device());
    parallel_for(from.device(), (from.size() + 3) / 4,
                 Drop{random, threshold, 1.0f / (1.0f - p), from.size(), from.data(), to.data()});
    return to;
  };
  return make_var(apply(x.value()), {x},
                  [apply](const Tensor& dy, Gradients& gradients) { gradients.add(0, apply(dy)); });
}

}  // namespace unmix
