#include "tensor/gemm.h"

#include "tensor/cuda_libraries.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

// The workspace is the handle's own: cuBLAS chooses its algorithm by its size, and results repeat bit for bit.
class CublasHandle {
 public:
  CublasHandle() : workspace_(size_t{32} << 20) {
    UNMIX_CUBLAS_CHECK(cublasCreate(&handle_));
    UNMIX_CUBLAS_CHECK(cublasSetStream(handle_, current_stream()));  // resets the workspace: first the stream
    UNMIX_CUBLAS_CHECK(cublasSetWorkspace(handle_, workspace_.data(), workspace_.bytes()));
  }
  ~CublasHandle() {
    if (handle_ != nullptr) cublasDestroy(handle_);
  }
  CublasHandle(const CublasHandle&) = delete;
  CublasHandle& operator=(const CublasHandle&) = delete;
  cublasHandle_t get() const { return handle_; }

 private:
  Workspace workspace_;
  cublasHandle_t handle_ = nullptr;
};

struct ZeroMatrix {
  float* c;
  Divider m;
  int64_t ldc, stride;
  HD void operator()(int64_t row, int64_t col) const {
    const int64_t matrix = m.quotient(row);
    c[matrix * stride + (row - matrix * m.divisor()) * ldc + col] = 0.0f;
  }
};

cublasComputeType_t compute_type() {
  switch (precision()) {
    case Precision::tf32: return CUBLAS_COMPUTE_32F_FAST_TF32;
    case Precision::bf16: return CUBLAS_COMPUTE_32F_FAST_16BF;
    default: return CUBLAS_COMPUTE_32F;
  }
}

cublasOperation_t operation(bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; }

}  // namespace

// cuBLAS reads by columns, so that a row-major matrix is to it the transpose: it is asked for C' = op(B)' op(A)'.
void gemm_cuda(const Gemm& g) {
  if (g.m == 0 || g.n == 0 || g.batch == 0) return;
  if (g.k == 0) {
    if (g.beta == 0.0f)
      parallel_for(Device::cuda, g.batch * g.m, g.n, ZeroMatrix{g.c, Divider(g.m), g.ldc, g.stride_c});
    return;
  }
  const float alpha = 1.0f;
  UNMIX_CUBLAS_CHECK(cublasGemmStridedBatchedEx_64(
      per_device<CublasHandle>().get(), operation(g.transpose_b), operation(g.transpose_a), g.n, g.m, g.k, &alpha, g.b,
      CUDA_R_32F, g.ldb, g.stride_b, g.a, CUDA_R_32F, g.lda, g.stride_a, &g.beta, g.c, CUDA_R_32F, g.ldc, g.stride_c,
      g.batch, compute_type(), CUBLAS_GEMM_DEFAULT));
}

}  // namespace unmix
