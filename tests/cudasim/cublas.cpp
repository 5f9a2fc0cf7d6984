// cuBLAS, as far as it is in use: handles, and the strided batched product of float32 matrices.
#include <cublas_v2.h>

#include <fmt/core.h>

#include <algorithm>

#include "tests/cudasim/library.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;
  size_t workspace_bytes = 0;
};

namespace cudasim {
namespace {

constexpr const char* kGemm = "cublasGemmStridedBatchedEx_64";

struct Product {
  bool transpose_a, transpose_b;
  int64_t m, n, k, batch;
  float alpha, beta;
  const float *a, *b;
  float* c;
  int64_t lda, ldb, ldc, stride_a, stride_b, stride_c;
  Rounding rounding;
  void* workspace;
  size_t workspace_bytes;

  int64_t rows_a() const { return transpose_a ? k : m; }
  int64_t columns_a() const { return transpose_a ? m : k; }
  int64_t rows_b() const { return transpose_b ? n : k; }
  int64_t columns_b() const { return transpose_b ? k : n; }
};

bool rounding_of(cublasComputeType_t type, Rounding& rounding) {
  if (type == CUBLAS_COMPUTE_32F) return rounding = Rounding::none, true;
  if (type == CUBLAS_COMPUTE_32F_FAST_TF32) return rounding = Rounding::tf32, true;
  if (type == CUBLAS_COMPUTE_32F_FAST_16BF) return rounding = Rounding::bf16, true;
  return false;
}

// Of the columns of all matrices, in bytes.
size_t extent(int64_t rows, int64_t columns, int64_t ld, int64_t stride, int64_t batch) {
  return static_cast<size_t>((columns - 1) * ld + rows + (batch - 1) * stride) * sizeof(float);
}

void check_memory(const Product& p) {
  const int64_t matrix = (p.n - 1) * p.ldc + p.m;
  const bool apart = p.stride_c >= matrix || (p.stride_c >= p.m && (p.batch - 1) * p.stride_c + p.m <= p.ldc);
  if (p.batch > 1 && !apart) fail(fmt::format("{}: matrices C, {} apart, overlap", kGemm, p.stride_c));
  const Range c{"C", p.c, extent(p.m, p.n, p.ldc, p.stride_c, p.batch)};
  if (p.k == 0 || p.alpha == 0.0f) return need_device(kGemm, {}, {c});
  if (p.a == nullptr || p.b == nullptr) fail(fmt::format("{}: A or B is null", kGemm));
  const Range a{"A", p.a, extent(p.rows_a(), p.columns_a(), p.lda, p.stride_a, p.batch)};
  const Range b{"B", p.b, extent(p.rows_b(), p.columns_b(), p.ldb, p.stride_b, p.batch)};
  need_device(kGemm, {a, b}, {c});
}

void run_one(const Product& p, const float* a, const float* b, float* c) {
  std::vector<double> sums(static_cast<size_t>(p.m * p.n), 0.0);
  if (p.k > 0 && p.alpha != 0.0f) {
    will_read_rows(a, p.columns_a(), p.rows_a(), p.lda);
    will_read_rows(b, p.columns_b(), p.rows_b(), p.ldb);
    const View<float> left{a, p.transpose_a ? p.lda : 1, p.transpose_a ? 1 : p.lda};
    const View<float> right{b, p.transpose_b ? p.ldb : 1, p.transpose_b ? 1 : p.ldb};
    Factor(p.k, p.n, right, p.rounding).multiply(p.m, left, sums.data());
  }
  if (p.beta != 0.0f) will_read_rows(c, p.n, p.m, p.ldc);
  will_write_rows(c, p.n, p.m, p.ldc);
  for (int64_t j = 0; j < p.n; ++j) {
    for (int64_t i = 0; i < p.m; ++i) {
      double value = static_cast<double>(p.alpha) * sums[static_cast<size_t>(i * p.n + j)];
      float& target = c[i + j * p.ldc];
      if (p.beta != 0.0f) value += static_cast<double>(p.beta) * static_cast<double>(target);
      target = static_cast<float>(value);
    }
  }
}

void run(const Product& p) {
  constexpr size_t kTouched = 4096;  // a sign that the workspace is the library's, cheaper than all of it
  poison(p.workspace, std::min(p.workspace_bytes, kTouched));
  for (int64_t i = 0; i < p.batch; ++i) run_one(p, p.a + i * p.stride_a, p.b + i * p.stride_b, p.c + i * p.stride_c);
}

}  // namespace
}  // namespace cudasim

using cudasim::handles;

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  cudasim::count_hidden_synchronisation();  // its tables and workspace
  *handle = handles<cublasContext>().make();
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  return handles<cublasContext>().end(handle) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  if (!handles<cublasContext>().alive(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = {stream, nullptr, 0};  // back to the default workspace, as the reference says
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, size_t bytes) {
  if (!handles<cublasContext>().alive(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0) return CUBLAS_STATUS_INVALID_VALUE;
  if (workspace == nullptr && bytes != 0) return CUBLAS_STATUS_INVALID_VALUE;
  cudasim::need_device("cublasSetWorkspace", {}, {{"workspace", workspace, bytes, 256}});
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "the library was not initialized";
    case CUBLAS_STATUS_INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "the functionality requested is not supported";
    default: return "unknown status";
  }
}

cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                             int64_t m, int64_t n, int64_t k, const void* alpha, const void* a,
                                             cudaDataType type_a, int64_t lda, long long stride_a, const void* b,
                                             cudaDataType type_b, int64_t ldb, long long stride_b, const void* beta,
                                             void* c, cudaDataType type_c, int64_t ldc, long long stride_c,
                                             int64_t batch, cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
  if (!handles<cublasContext>().alive(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (m < 0 || n < 0 || k < 0 || batch < 0 || alpha == nullptr || beta == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if ((op_a != CUBLAS_OP_N && op_a != CUBLAS_OP_T) || (op_b != CUBLAS_OP_N && op_b != CUBLAS_OP_T))
    return CUBLAS_STATUS_INVALID_VALUE;
  cudasim::need_host(cudasim::kGemm, "alpha", alpha);
  cudasim::need_host(cudasim::kGemm, "beta", beta);
  cudasim::Product p{op_a == CUBLAS_OP_T,
                     op_b == CUBLAS_OP_T,
                     m,
                     n,
                     k,
                     batch,
                     *static_cast<const float*>(alpha),
                     *static_cast<const float*>(beta),
                     static_cast<const float*>(a),
                     static_cast<const float*>(b),
                     static_cast<float*>(c),
                     lda,
                     ldb,
                     ldc,
                     stride_a,
                     stride_b,
                     stride_c,
                     cudasim::Rounding::none,
                     handle->workspace,
                     handle->workspace_bytes};
  const auto least = [](int64_t rows) { return std::max<int64_t>(1, rows); };
  if (lda < least(p.rows_a()) || ldb < least(p.rows_b()) || ldc < least(m)) return CUBLAS_STATUS_INVALID_VALUE;
  if (stride_a < 0 || stride_b < 0 || stride_c < 0) return CUBLAS_STATUS_INVALID_VALUE;
  if (type_a != CUDA_R_32F || type_b != CUDA_R_32F || type_c != CUDA_R_32F || algorithm != CUBLAS_GEMM_DEFAULT ||
      !cudasim::rounding_of(compute, p.rounding))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (m == 0 || n == 0 || batch == 0) return CUBLAS_STATUS_SUCCESS;
  if (c == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  cudasim::check_memory(p);
  const double one = static_cast<double>(m * k + k * n + (p.beta == 0.0f ? 1 : 2) * m * n);
  cudasim::count_library(cudasim::kGemm, {.flops = 2.0 * static_cast<double>(m * n * k * batch),
                                          .bytes = one * static_cast<double>(batch) * sizeof(float)});
  cudasim::enqueue(handle->stream, cudasim::kGemm, [p] { cudasim::run(p); });
  return CUBLAS_STATUS_SUCCESS;
}
