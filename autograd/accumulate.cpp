#include "autograd/accumulate.h"

#include "tensor/launch.h"

namespace unmix {
namespace {

struct Sum {
  const float *a, *b;
  float* out;
  HD void operator()(int64_t i) const { out[i] = a[i] + b[i]; }
};

}  // namespace

Tensor accumulate(Tensor sum, const Tensor& addend) {
  Tensor result = sum.unique() ? sum : Tensor::empty(sum.shape(), sum.device());
  parallel_for(sum.device(), sum.size(), Sum{sum.data(), addend.data(), result.data()});
  return result;
}

}  // namespace unmix
