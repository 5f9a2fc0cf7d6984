#include <dnnl.h>

#include "base/error.h"
#include "base/signals.h"
#include "tensor/gemm.h"
#include "tensor/memory.h"
#include "tensor/onednn.h"

namespace unmix {
namespace {

using dnnl::memory;

thread_local Precision current_precision = Precision::fp32;

void gemm_fp32(const Gemm& args) {
  const char transpose_a = args.transpose_a ? 'T' : 'N', transpose_b = args.transpose_b ? 'T' : 'N';
  for (int64_t b = 0; b < args.batch; ++b) {
    const dnnl_status_t status =
        dnnl_sgemm(transpose_a, transpose_b, args.m, args.n, args.k, 1.0f, args.a + b * args.stride_a, args.lda,
                   args.b + b * args.stride_b, args.ldb, args.beta, args.c + b * args.stride_c, args.ldc);
    check(status == dnnl_success, "gemm", "oneDNN refused a product of {} x {} x {} (status {})", args.m, args.n,
          args.k, static_cast<int>(status));
  }
}

memory::desc matrix(int64_t rows, int64_t cols, int64_t ld, bool transposed) {
  return {{rows, cols}, memory::data_type::f32, transposed ? memory::dims{1, ld} : memory::dims{ld, 1}};
}

// Both factors are rounded into the library's own order first.
void gemm_bf16(const Gemm& args) {
  onednn::check_bfloat16("gemm");
  const auto a = matrix(args.m, args.k, args.lda, args.transpose_a);
  const auto b = matrix(args.k, args.n, args.ldb, args.transpose_b);
  const auto c = matrix(args.m, args.n, args.ldc, false);
  const auto rounded = [](const memory::desc& desc) {
    return memory::desc(desc.dims(), memory::data_type::bf16, memory::format_tag::any);
  };
  dnnl::primitive_attr attr;
  if (args.beta != 0.0f) {
    dnnl::post_ops sum;
    sum.append_sum(args.beta);
    attr.set_post_ops(sum);
  }
  const dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(rounded(a), rounded(b), c), attr, onednn::engine());
  const dnnl::matmul product(desc);
  for (int64_t i = 0; i < args.batch; ++i) {
    const memory factor_a = onednn::view(a, args.a + i * args.stride_a);
    const memory factor_b = onednn::view(b, args.b + i * args.stride_b);
    product.execute(onednn::stream(), {{DNNL_ARG_SRC, onednn::reordered(factor_a, desc.src_desc())},
                                       {DNNL_ARG_WEIGHTS, onednn::reordered(factor_b, desc.weights_desc())},
                                       {DNNL_ARG_DST, onednn::view(c, args.c + i * args.stride_c)}});
  }
}

void clear(const Gemm& args) {
  for (int64_t b = 0; b < args.batch; ++b)
    for (int64_t row = 0; row < args.m; ++row)
      fill(args.c + b * args.stride_c + row * args.ldc, Device::cpu, 0.0f, args.n);
}

}  // namespace

PrecisionScope::PrecisionScope(Precision precision) : before_(current_precision) { current_precision = precision; }

PrecisionScope::~PrecisionScope() { current_precision = before_; }

Precision precision() { return current_precision; }

void gemm_cpu(const Gemm& args) {
  if (args.m == 0 || args.n == 0) return;
  if (args.k == 0) {
    if (args.beta == 0.0f) clear(args);
    return;
  }
  const SignalsBlocked scope;
  if (precision() == Precision::bf16) return gemm_bf16(args);
  gemm_fp32(args);
}

}  // namespace unmix
