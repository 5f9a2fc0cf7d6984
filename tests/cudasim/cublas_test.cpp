#include <cublas_v2.h>
#include <gmock/gmock.h>

#include <limits>

#include "tests/cudasim/library_helpers.h"

namespace cudasim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One call, by columns; what a test changes of it is the fault.
struct Gemm {
  cublasOperation_t op_a = CUBLAS_OP_N, op_b = CUBLAS_OP_N;
  int64_t m = 2, n = 2, k = 3;
  float alpha = 1.0f, beta = 0.0f;
  const float *a = nullptr, *b = nullptr;
  float* c = nullptr;
  int64_t lda = 2, ldb = 3, ldc = 2;
  long long stride_a = 0, stride_b = 0, stride_c = 0;
  int64_t batch = 1;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cublasGemmAlgo_t algorithm = CUBLAS_GEMM_DEFAULT;
  cudaDataType type = CUDA_R_32F;

  cublasStatus_t run(cublasHandle_t handle, const void* alpha_pointer) const {
    return cublasGemmStridedBatchedEx_64(handle, op_a, op_b, m, n, k, alpha_pointer, a, type, lda, stride_a, b,
                                         CUDA_R_32F, ldb, stride_b, &beta, c, CUDA_R_32F, ldc, stride_c, batch, compute,
                                         algorithm);
  }
  cublasStatus_t run(cublasHandle_t handle) const { return run(handle, &alpha); }
};

class CublasSim : public ::testing::Test {
 protected:
  CublasSim() {
    EXPECT_EQ(cublasCreate(&handle_), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(cublasSetStream(handle_, test_stream()), CUBLAS_STATUS_SUCCESS);
    gemm_.a = a_.get();
    gemm_.b = b_.get();
    gemm_.c = c_.get();
  }
  ~CublasSim() override { cublasDestroy(handle_); }

  cublasHandle_t handle_ = nullptr;
  DeviceFloats a_{{1, 2, 3, 4, 5, 6}};      // [1 3 5; 2 4 6]
  DeviceFloats b_{{1, 0, -1, 2, 1, 0.5f}};  // [1 2; 0 1; -1 0.5]
  DeviceFloats c_{{10, 20, 30, 40}};
  Gemm gemm_;
};

TEST_F(CublasSim, MultipliesByColumns) {
  ASSERT_EQ(gemm_.run(handle_), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(c_.values(), (std::vector<float>{-4, -4, 7.5f, 11}));
}

TEST_F(CublasSim, ScalesAndAdds) {
  gemm_.alpha = 2.0f;
  gemm_.beta = 0.5f;
  ASSERT_EQ(gemm_.run(handle_), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(c_.values(), (std::vector<float>{-3, 2, 30, 42}));
}

TEST_F(CublasSim, BetaOfZeroDoesNotReadTheOutput) {
  c_.assign(std::vector<float>(4, std::numeric_limits<float>::quiet_NaN()));
  ASSERT_EQ(gemm_.run(handle_), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(c_.values(), (std::vector<float>{-4, -4, 7.5f, 11}));
}

// All transpositions, batches, padded leading dimensions, and a sum longer than one part of it.
TEST_F(CublasSim, AgreesWithPlainSums) {
  constexpr int64_t m = 13, n = 9, k = 517, batch = 2, pad = 3;
  for (int kind = 0; kind < 4; ++kind) {
    const bool ta = (kind & 1) != 0, tb = (kind & 2) != 0;
    Gemm g{ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k};
    g.lda = (ta ? k : m) + pad;
    g.ldb = (tb ? n : k) + pad;
    g.ldc = m + pad;
    g.stride_a = g.lda * (ta ? m : k);
    g.stride_c = g.ldc * n;
    g.batch = batch;  // one B for both
    const auto a = random_floats(static_cast<size_t>(g.stride_a * batch), 1);
    const auto b = random_floats(static_cast<size_t>(g.ldb * (tb ? k : n)), 2);
    const DeviceFloats da(a), db(b), dc(std::vector<float>(static_cast<size_t>(g.stride_c * batch), 7.0f));
    g.a = da.get();
    g.b = db.get();
    g.c = dc.get();
    ASSERT_EQ(g.run(handle_), CUBLAS_STATUS_SUCCESS);
    std::vector<double> right(static_cast<size_t>(g.stride_c * batch), 7.0), other = right;
    for (int64_t i = 0; i < batch * m * n; ++i) {
      const int64_t z = i / (m * n), row = i % m, column = i / m % n;
      double sum = 0.0, wrong = 0.0;
      for (int64_t l = 0; l < k; ++l) {
        const float left = a[static_cast<size_t>(z * g.stride_a + (ta ? l + row * g.lda : row + l * g.lda))];
        sum += static_cast<double>(left) *
               static_cast<double>(b[static_cast<size_t>(tb ? column + l * g.ldb : l + column * g.ldb)]);
        wrong += static_cast<double>(left) * static_cast<double>(b[static_cast<size_t>((l * n + column) % (k * n))]);
      }
      right[static_cast<size_t>(z * g.stride_c + column * g.ldc + row)] = sum;
      other[static_cast<size_t>(z * g.stride_c + column * g.ldc + row)] = wrong;
    }
    EXPECT_LT(difference(dc.values(), right), 1e-5) << kind;
    EXPECT_GT(difference(dc.values(), other), 1.0) << kind;  // another reading of B is not within the tolerance
  }
}

TEST_F(CublasSim, RoundsFactorsAsAsked) {
  const DeviceFloats a(std::vector{1.0f + 0x1p-11f + 0x1p-20f}), b(std::vector{1.0f}), c(1);
  Gemm g{CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1};
  g.a = a.get();
  g.b = b.get();
  g.c = c.get();
  const auto result = [&](cublasComputeType_t type) {
    g.compute = type;
    EXPECT_EQ(g.run(handle_), CUBLAS_STATUS_SUCCESS);
    return c.values()[0];
  };
  EXPECT_EQ(result(CUBLAS_COMPUTE_32F), 1.0f + 0x1p-11f + 0x1p-20f);
  EXPECT_EQ(result(CUBLAS_COMPUTE_32F_FAST_TF32), 1.0f + 0x1p-10f);
  EXPECT_EQ(result(CUBLAS_COMPUTE_32F_FAST_16BF), 1.0f);
}

TEST_F(CublasSim, RefusesWrongLeadingDimensions) {
  for (int64_t Gemm::*member : {&Gemm::lda, &Gemm::ldb, &Gemm::ldc}) {
    Gemm wrong = gemm_;
    wrong.*member -= 1;
    EXPECT_EQ(wrong.run(handle_), CUBLAS_STATUS_INVALID_VALUE);
  }
  gemm_.op_a = CUBLAS_OP_T;  // now a matrix of three rows
  EXPECT_EQ(gemm_.run(handle_), CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(CublasSim, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(gemm_.run(nullptr), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(gemm_.run(handle_, nullptr), CUBLAS_STATUS_INVALID_VALUE);
  Gemm wrong = gemm_;
  wrong.k = -1;
  EXPECT_EQ(wrong.run(handle_), CUBLAS_STATUS_INVALID_VALUE);
  wrong = gemm_;
  wrong.c = nullptr;
  EXPECT_EQ(wrong.run(handle_), CUBLAS_STATUS_INVALID_VALUE);
  wrong = gemm_;
  wrong.type = CUDA_R_16F;
  EXPECT_EQ(wrong.run(handle_), CUBLAS_STATUS_NOT_SUPPORTED);
  wrong = gemm_;
  wrong.compute = CUBLAS_COMPUTE_64F;
  EXPECT_EQ(wrong.run(handle_), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(CublasSim, RefusesAHandleThatIsGone) {
  cublasHandle_t gone = nullptr;
  ASSERT_EQ(cublasCreate(&gone), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasDestroy(gone), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(gemm_.run(gone), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(cublasDestroy(gone), CUBLAS_STATUS_NOT_INITIALIZED);
}

TEST_F(CublasSim, ReportsMemoryThatIsNotTheDevices) {
  const std::vector<float> host(6, 1.0f);
  Gemm wrong = gemm_;
  EXPECT_THAT(misuse([&] { wrong.run(handle_); }), IsEmpty());
  wrong.a = host.data();
  EXPECT_THAT(misuse([&] { wrong.run(handle_); }), HasSubstr("A ("));
  wrong = gemm_;
  wrong.ldb = 4;  // one column ends beyond the allocation
  EXPECT_THAT(misuse([&] { wrong.run(handle_); }), HasSubstr("B ("));
  wrong = gemm_;
  wrong.b = nullptr;
  EXPECT_THAT(misuse([&] { wrong.run(handle_); }), HasSubstr("null"));
  EXPECT_THAT(misuse([&] { gemm_.run(handle_, a_.get()); }), HasSubstr("alpha"));
}

TEST_F(CublasSim, ReportsOverlap) {
  gemm_.c = a_.get();
  EXPECT_THAT(misuse([&] { gemm_.run(handle_); }), HasSubstr("overlaps A"));
  gemm_.c = c_.get();
  gemm_.batch = 2;
  EXPECT_THAT(misuse([&] { gemm_.run(handle_); }), HasSubstr("matrices C"));
}

TEST_F(CublasSim, ReportsUnalignedMatrices) {
  gemm_.a = reinterpret_cast<const float*>(reinterpret_cast<const char*>(a_.get()) + 2);
  EXPECT_THAT(misuse([&] { gemm_.run(handle_); }), HasSubstr("not aligned"));
}

TEST_F(CublasSim, WorkspaceBelongsToTheLibrary) {
  DeviceFloats workspace(std::vector<float>(1024, 1.0f));
  EXPECT_EQ(cublasSetWorkspace(handle_, workspace.get() + 1, 256), CUBLAS_STATUS_INVALID_VALUE);
  ASSERT_EQ(cublasSetWorkspace(handle_, workspace.get(), workspace.bytes()), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(gemm_.run(handle_), CUBLAS_STATUS_SUCCESS);
  EXPECT_TRUE(std::isnan(workspace.values()[0]));
  ASSERT_EQ(cublasSetStream(handle_, test_stream()), CUBLAS_STATUS_SUCCESS);  // forgets the workspace
  workspace.assign(std::vector<float>(1024, 1.0f));
  ASSERT_EQ(gemm_.run(handle_), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(workspace.values()[0], 1.0f);
}

}  // namespace
}  // namespace cudasim
