// Products. For Y = A B: dA = dY B^T, dB = A^T dY.
#include "tensor/gemm.h"

#include "autograd/ops.h"
#include "base/error.h"

namespace unmix {
namespace {

// A matrix or a batch of matrices as a factor, transposed or not.
struct Factor {
  const Tensor& matrix;
  bool transpose;
  int64_t rows() const { return matrix.dim(transpose ? -1 : -2); }
  int64_t cols() const { return matrix.dim(transpose ? -2 : -1); }
  int64_t batch() const { return matrix.rank() == 3 ? matrix.dim(0) : 1; }
};

Tensor product(const Factor& a, const Factor& b) {
  const int64_t m = a.rows(), k = a.cols(), n = b.cols();
  Shape shape{m, n};
  if (a.matrix.rank() == 3) shape.insert(shape.begin(), a.batch());
  Tensor c = Tensor::empty(shape, a.matrix.device());
  gemm(c.device(), {.m = m,
                    .n = n,
                    .k = k,
                    .a = a.matrix.data(),
                    .lda = a.matrix.dim(-1),
                    .transpose_a = a.transpose,
                    .b = b.matrix.data(),
                    .ldb = b.matrix.dim(-1),
                    .transpose_b = b.transpose,
                    .c = c.data(),
                    .ldc = n,
                    .batch = a.batch(),
                    .stride_a = m * k,
                    .stride_b = k * n,
                    .stride_c = m * n});
  return c;
}

}  // namespace

Var matmul(const Var& a, const Var& b, Transposed transposed) {
  const bool transpose_a = transposed.a, transpose_b = transposed.b;
  const Tensor av = a.value(), bv = b.value();
  const bool matrices = (av.rank() == 2 || av.rank() == 3) && av.rank() == bv.rank();
  check(matrices && Factor{av, transpose_a}.cols() == Factor{bv, transpose_b}.rows() &&
            Factor{av, false}.batch() == Factor{bv, false}.batch(),
        "matmul", "shapes {}{} and {}{} do not fit", to_string(av.shape()), transpose_a ? " transposed" : "",
        to_string(bv.shape()), transpose_b ? " transposed" : "");
  return make_var(product({av, transpose_a}, {bv, transpose_b}), {a, b}, [=](const Tensor& dy, Gradients& gradients) {
    // With A given transposed its gradient is the transposed one: B dY^T; the same for B.
    if (gradients.wanted(0))
      gradients.add(0, transpose_a ? product({bv, transpose_b}, {dy, true}) : product({dy, false}, {bv, !transpose_b}));
    if (gradients.wanted(1))
      gradients.add(1, transpose_b ? product({dy, true}, {av, transpose_a}) : product({av, !transpose_a}, {dy, false}));
  });
}

Var linear(const Var& x, const Var& weight, const Var& bias) {
  check(weight.shape().size() == 2 && !x.shape().empty() && x.dim(-1) == weight.dim(1), "linear",
        "input {} and weight {} do not fit", to_string(x.shape()), to_string(weight.shape()));
  if (bias.defined())
    check(bias.shape() == Shape{weight.dim(0)}, "linear", "weight {} and bias {} do not fit", to_string(weight.shape()),
          to_string(bias.shape()));
  Shape shape = x.shape();
  shape.back() = weight.dim(0);
  const Var y = reshape(matmul(reshape(x, {-1, x.dim(-1)}), weight, {.b = true}), shape);
  return bias.defined() ? add(y, bias) : y;
}

}  // namespace unmix
