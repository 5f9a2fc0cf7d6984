// Differences of Gram matrices (Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR
// 2016), for each x and y (m, n) of a batch:
//   D = x x^T - y y^T = (P + P^T) / 2, P = (x + y) (x - y)^T;   dx = (dD + dD^T) x
// P is one product where the Gram matrices are two, and keeps what their difference would round away: matrices of
// features that are never negative are much the same.
#include "autograd/loss_ops.h"
#include "base/error.h"
#include "tensor/gemm.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

struct SumAndDifference {
  const float *x, *y;
  float *sum, *difference;
  HD void operator()(int64_t i) const {
    sum[i] = x[i] + y[i];
    difference[i] = x[i] - y[i];
  }
};

// y = factor (g + g^T) of each matrix m x m
struct AddTransposed {
  const float* g;
  float factor;
  float* y;
  Divider m;
  HD void operator()(int64_t row, int64_t col) const {  // of all matrices
    const int64_t size = m.divisor(), i = m.remainder(row), first = (row - i) * size;
    y[row * size + col] = factor * (g[row * size + col] + g[first + col * size + i]);
  }
};

Tensor add_transposed(const Tensor& g, float factor) {
  Tensor y = Tensor::empty(g.shape(), g.device());
  const int64_t batch = g.dim(0), m = g.dim(1);
  parallel_for(g.device(), batch * m, m, AddTransposed{g.data(), factor, y.data(), Divider(m)});
  return y;
}

}  // namespace

Var gram_difference(const Var& estimate, const Tensor& target) {
  const Tensor x = estimate.value();
  check(x.rank() == 3 && x.shape() == target.shape(), "gram_difference",
        "shapes {} and {} are not (batch, rows, columns)", to_string(x.shape()), to_string(target.shape()));
  const Device device = x.device();
  const int64_t batch = x.dim(0), m = x.dim(1), n = x.dim(2);
  Tensor sum = Tensor::empty(x.shape(), device), difference = Tensor::empty(x.shape(), device);
  parallel_for(device, x.size(), SumAndDifference{x.data(), target.data(), sum.data(), difference.data()});
  Tensor product = Tensor::empty({batch, m, m}, device);
  gemm(device, {.m = m,
                .n = m,
                .k = n,
                .a = sum.data(),
                .lda = n,
                .b = difference.data(),
                .ldb = n,
                .transpose_b = true,
                .c = product.data(),
                .ldc = m,
                .batch = batch,
                .stride_a = m * n,
                .stride_b = m * n,
                .stride_c = m * m});
  return make_var(add_transposed(product, 0.5f), {estimate}, [=](const Tensor& dy, Gradients& gradients) {
    const Tensor both = add_transposed(dy, 1.0f);
    Tensor dx = Tensor::empty(x.shape(), device);
    gemm(device, {.m = m,
                  .n = n,
                  .k = m,
                  .a = both.data(),
                  .lda = m,
                  .b = x.data(),
                  .ldb = n,
                  .c = dx.data(),
                  .ldc = n,
                  .batch = batch,
                  .stride_a = m * m,
                  .stride_b = m * n,
                  .stride_c = m * n});
    gradients.add(0, dx);
  });
}

}  // namespace unmix
