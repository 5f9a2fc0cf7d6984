// Matrix products in all their forms against a plain computation.
#include "tensor/gemm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dnnl.hpp>

#include "tests/support/audio_helpers.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

constexpr float kUntouched = 77.0f;

// A product to run: sizes, forms, and how far rows and matrices lie apart beyond their length.
struct Product {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  float beta = 0.0f;
  int64_t batch = 1;
  int64_t spare = 0;  // columns after each row of all three
  bool shared_b = false;
};

// Rows x cols of a matrix stored with `ld` values per row.
Doubles compact(const Array& stored, int64_t begin, int64_t rows, int64_t cols, int64_t ld) {
  Doubles values;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) values.push_back(stored[begin + r * ld + c]);
  return values;
}

struct Outcome {
  double error;
  bool spare_untouched;
};

Outcome run(Device device, const Product& p) {
  const int64_t a_rows = p.transpose_a ? p.k : p.m, a_cols = p.transpose_a ? p.m : p.k, lda = a_cols + p.spare;
  const int64_t b_rows = p.transpose_b ? p.n : p.k, b_cols = p.transpose_b ? p.k : p.n, ldb = b_cols + p.spare;
  const int64_t ldc = p.n + p.spare;
  const int64_t stride_a = a_rows * lda, stride_b = p.shared_b ? 0 : b_rows * ldb, stride_c = p.m * ldc;
  const Tensor a = random_tensor({std::max<int64_t>(p.batch * stride_a, 1)}, 1, -1.0, 1.0, device);
  const Tensor b = random_tensor({std::max<int64_t>(p.batch * b_rows * ldb, 1)}, 2, -1.0, 1.0, device);
  Tensor c = Tensor::full({p.batch * stride_c}, kUntouched, device);
  gemm(device, {.m = p.m,
                .n = p.n,
                .k = p.k,
                .a = a.data(),
                .lda = lda,
                .transpose_a = p.transpose_a,
                .b = b.data(),
                .ldb = ldb,
                .transpose_b = p.transpose_b,
                .c = c.data(),
                .ldc = ldc,
                .beta = p.beta,
                .batch = p.batch,
                .stride_a = stride_a,
                .stride_b = stride_b,
                .stride_c = stride_c});
  const Array av = array_of(a), bv = array_of(b), cv = array_of(c);
  Doubles actual, expected;
  bool untouched = true;
  for (int64_t i = 0; i < p.batch; ++i) {
    const Doubles product =
        reference_matmul(compact(av, i * stride_a, a_rows, a_cols, lda), compact(bv, i * stride_b, b_rows, b_cols, ldb),
                         p.m, p.n, p.k, p.transpose_a, p.transpose_b);
    const Doubles result = compact(cv, i * stride_c, p.m, p.n, ldc);
    actual.insert(actual.end(), result.begin(), result.end());
    for (const double value : product) expected.push_back(value + p.beta * kUntouched);
    for (const double value : compact(cv, i * stride_c + p.n, p.m, p.spare, ldc))
      untouched = untouched && value == kUntouched;
  }
  return {relative_error(actual, expected), untouched};
}

class Gemms : public ::testing::TestWithParam<Device> {
 protected:
  void expect_right(const Product& p, double limit = tolerance::kValue) const {
    const Outcome outcome = run(GetParam(), p);
    EXPECT_LT(outcome.error, limit) << p.m << " x " << p.n << " x " << p.k << (p.transpose_a ? " ta" : "")
                                    << (p.transpose_b ? " tb" : "") << " beta " << p.beta << " batch " << p.batch;
    EXPECT_TRUE(outcome.spare_untouched);
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Gemms, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(Gemms, EveryForm) {
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true})
      for (const float beta : {0.0f, 1.0f})
        for (const int64_t spare : {0, 3})
          for (const int64_t batch : {1, 3})
            for (const bool shared_b : {false, true})
              expect_right({5, 7, 6, transpose_a, transpose_b, beta, batch, spare, shared_b});
}

TEST_P(Gemms, SizesAroundTheLibrarysBlocks) {
  for (const int64_t m : {1, 16, 33, 130})
    for (const int64_t n : {1, 17, 64, 129})
      for (const int64_t k : {1, 48, 257}) expect_right({m, n, k});
}

TEST_P(Gemms, WithoutTermsTheResultIsZeroOrWhatItWas) {
  expect_right({3, 4, 0, false, false, 0.0f, 2, 2});
  expect_right({3, 4, 0, false, false, 1.0f, 2, 2});
}

TEST_P(Gemms, OfNothingDoesNothing) {
  gemm(GetParam(), {.m = 0, .n = 4, .k = 3, .a = nullptr, .lda = 3, .b = nullptr, .ldb = 4, .c = nullptr, .ldc = 4});
  gemm(GetParam(), {.m = 4, .n = 0, .k = 3, .a = nullptr, .lda = 3, .b = nullptr, .ldb = 1, .c = nullptr, .ldc = 1});
}

TEST_P(Gemms, InBfloat16) {
  const PrecisionScope scope(Precision::bf16);
  if (dnnl::get_effective_cpu_isa() < dnnl::cpu_isa::avx512_core && GetParam() == Device::cpu) {
    EXPECT_THAT(error_of([] { run(Device::cpu, {3, 3, 3}); }), ::testing::HasSubstr("no AVX-512"));
    return;
  }
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true})
      for (const float beta : {0.0f, 1.0f})
        expect_right({33, 18, 65, transpose_a, transpose_b, beta, 2, 3, false}, tolerance::kBfloat16);
  // Not in float32 after all: the rounding shows.
  EXPECT_GT(run(GetParam(), {33, 18, 65}).error, tolerance::kValue);
}

TEST_P(Gemms, TheSameBitsEveryTime) {
  const Tensor a = random_tensor({200, 300}, 1, -1.0, 1.0, GetParam()),
               b = random_tensor({300, 250}, 2, -1.0, 1.0, GetParam());
  const auto product = [&] {
    Tensor c = Tensor::empty({200, 250}, GetParam());
    gemm(GetParam(), {.m = 200,
                      .n = 250,
                      .k = 300,
                      .a = a.data(),
                      .lda = 300,
                      .b = b.data(),
                      .ldb = 250,
                      .c = c.data(),
                      .ldc = 250});
    return c.to_vector();
  };
  EXPECT_TRUE(same_bits(product(), product()));
}

}  // namespace
}  // namespace unmix::test
