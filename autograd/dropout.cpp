// Dropout: y_i = x_i m_i, m_i = 1/(1-p) with probability 1-p, else 0. The mask is never stored: Philox makes it again.
#include "autograd/ops.h"
#include "base/error.h"
#include "tensor/four.h"
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
  bool fours;  // x and y lie as Four needs it
  const float* x;
  float* y;
  HD void operator()(int64_t block) const {
    uint32_t words[4];
    random.block(static_cast<uint64_t>(block), words);
    const int64_t first = 4 * block;
    if (fours && first + 4 <= size) {
      Four values = *reinterpret_cast<const Four*>(x + first);
      for (int j = 0; j < 4; ++j) values[j] = kept(words[j], values[j]);
      *reinterpret_cast<Four*>(y + first) = values;
    } else {
      for (int j = 0; j < 4 && first + j < size; ++j) y[first + j] = kept(words[j], x[first + j]);
    }
  }
  HD float kept(uint32_t word, float value) const { return word < threshold ? 0.0f : factor * value; }
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
                 Drop{random, threshold, 1.0f / (1.0f - p), from.size(), in_fours(from.data()) && in_fours(to.data()),
                      from.data(), to.data()});
    return to;
  };
  return make_var(apply(x.value()), {x},
                  [apply](const Tensor& dy, Gradients& gradients) { gradients.add(0, apply(dy)); });
}

}  // namespace unmix
