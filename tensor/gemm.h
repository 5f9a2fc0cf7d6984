// Matrix product: oneDNN on the CPU, cuBLAS on CUDA.
#pragma once

#include <cstdint>

#include "base/choice.h"
#include "tensor/device.h"

namespace unmix {

// Arithmetic inside products, convolutions and LSTMs; tensors stay float32. tf32 exists on CUDA only and is fp32 on
// the CPU; bf16 rounds the factors and accumulates in float32.
enum class Precision { fp32, tf32, bf16 };

inline constexpr Choice<Precision> precision_names[] = {
    {"fp32", Precision::fp32}, {"tf32", Precision::tf32}, {"bf16", Precision::bf16}};

Precision precision();  // of the calling thread; fp32 outside of any scope

// The calling thread's precision while it lives.
class PrecisionScope {
 public:
  explicit PrecisionScope(Precision precision);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  Precision before_;
};

// C[b] = op(A[b]) op(B[b]) + beta C[b] for 0 <= b < batch; row-major, op(A) is m x k, op(B) is k x n, C is m x n.
// A leading dimension counts elements from row to row, a stride from matrix to matrix (0: one matrix for all).
struct Gemm {
  int64_t m, n, k;
  const float* a;
  int64_t lda;
  bool transpose_a = false;
  const float* b;
  int64_t ldb;
  bool transpose_b = false;
  float* c;
  int64_t ldc;
  float beta = 0.0f;  // 0 or 1
  int64_t batch = 1;
  int64_t stride_a = 0, stride_b = 0, stride_c = 0;
};

void gemm_cpu(const Gemm& args);
void gemm_cuda(const Gemm& args);

inline void gemm(Device device, const Gemm& args) { UNMIX_DISPATCH(device, gemm, args); }

}  // namespace unmix
