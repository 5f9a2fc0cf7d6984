#include <cufft.h>
#include <gmock/gmock.h>

#include <complex>
#include <numbers>

#include "tests/cudasim/library_helpers.h"

namespace cudasim {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;

std::vector<float> plain_dft(const std::vector<float>& x) {
  const size_t n = x.size();
  std::vector<float> bins;
  for (size_t k = 0; k <= n / 2; ++k) {
    std::complex<double> sum = 0.0;
    for (size_t j = 0; j < n; ++j)
      sum += static_cast<double>(x[j]) *
             std::polar(1.0, -2.0 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n));
    bins.push_back(static_cast<float>(sum.real()));
    bins.push_back(static_cast<float>(sum.imag()));
  }
  return bins;
}

cufftComplex* complex(const DeviceFloats& data) { return reinterpret_cast<cufftComplex*>(data.get()); }

// A plan with a work area, which is large enough for the tests' plans and stays; cufftDestroy() where it is refused.
cufftResult make_plan(cufftHandle& handle, int* n, int* inembed, int istride, int idist, int* onembed, int ostride,
                      int odist, cufftType type, int rows) {
  static const auto& area = *new DeviceFloats(size_t{4096});
  size_t bytes = 0;
  EXPECT_EQ(cufftCreate(&handle), CUFFT_SUCCESS);
  EXPECT_EQ(cufftSetAutoAllocation(handle, 0), CUFFT_SUCCESS);
  const cufftResult made =
      cufftMakePlanMany(handle, 1, n, inembed, istride, idist, onembed, ostride, odist, type, rows, &bytes);
  EXPECT_LE(bytes, 4096 * sizeof(float));
  EXPECT_EQ(cufftSetWorkArea(handle, area.get()), CUFFT_SUCCESS);
  EXPECT_EQ(cufftSetStream(handle, test_stream()), CUFFT_SUCCESS);
  if (made != CUFFT_SUCCESS) cufftDestroy(handle);
  return made;
}

cufftHandle plan(cufftType type, int n, int rows) {
  int bins = n / 2 + 1;
  const bool forward = type == CUFFT_R2C;
  cufftHandle handle = 0;
  EXPECT_EQ(make_plan(handle, &n, forward ? &n : &bins, 1, forward ? n : bins, forward ? &bins : &n, 1,
                      forward ? bins : n, type, rows),
            CUFFT_SUCCESS);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  return handle;
}

class CufftSim : public ::testing::TestWithParam<int> {};

TEST_P(CufftSim, TransformsRowsAndBack) {
  const int n = GetParam(), rows = 3;
  const auto width = static_cast<size_t>(2 * (n / 2 + 1));
  const auto signal = random_floats(static_cast<size_t>(n * rows), 3);
  const DeviceFloats x(signal), bins(width * rows), back(signal.size());
  const cufftHandle forward = plan(CUFFT_R2C, n, rows), inverse = plan(CUFFT_C2R, n, rows);
  ASSERT_EQ(cufftExecR2C(forward, x.get(), complex(bins)), CUFFT_SUCCESS);
  const auto spectrum = bins.values();
  for (int row = 0; row < rows; ++row) {
    const std::vector<float> one(signal.begin() + row * n, signal.begin() + (row + 1) * n);
    const std::vector<float> got(spectrum.begin() + row * static_cast<int64_t>(width),
                                 spectrum.begin() + (row + 1) * static_cast<int64_t>(width));
    EXPECT_LT(difference(got, plain_dft(one)), 1e-5);
  }
  EXPECT_EQ(x.values(), signal);
  ASSERT_EQ(cufftExecC2R(inverse, complex(bins), back.get()), CUFFT_SUCCESS);
  auto scaled = signal;
  for (float& value : scaled) value *= static_cast<float>(n);
  EXPECT_LT(difference(back.values(), scaled), 1e-5 * n);
  EXPECT_THAT(bins.values(), Each(IsNan()));  // the input of an inverse transform is lost
  cufftDestroy(forward);
  cufftDestroy(inverse);
}

INSTANTIATE_TEST_SUITE_P(Lengths, CufftSim, ::testing::Values(2, 4, 6, 8, 15, 30, 64, 97, 100, 202));

class CufftSimCalls : public ::testing::Test {
 protected:
  CufftSimCalls() : forward_(plan(CUFFT_R2C, 8, 2)), inverse_(plan(CUFFT_C2R, 8, 2)) {}
  ~CufftSimCalls() override {
    finish();
    cufftDestroy(forward_);
    cufftDestroy(inverse_);
  }
  cufftHandle forward_, inverse_;
  DeviceFloats real_{random_floats(16, 4)}, bins_{std::vector<float>(20, 0.0f)};
};

TEST_F(CufftSimCalls, FollowsStridesAndDistances) {
  int n = 4, embedded = 4;
  cufftHandle handle = 0;
  // Two rows that lie interleaved, bins three apart.
  ASSERT_EQ(make_plan(handle, &n, &embedded, 2, 1, &embedded, 3, 9, CUFFT_R2C, 2), CUFFT_SUCCESS);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  const DeviceFloats x({1, 10, 2, 20, 3, 30, 5, 50}), y(std::vector<float>(36, 7.0f));
  ASSERT_EQ(cufftExecR2C(handle, x.get(), complex(y)), CUFFT_SUCCESS);
  std::vector<float> right(36, 7.0f);
  const float bins[] = {11, 0, -2, 3, -3, 0};
  for (size_t i = 0; i < 6; ++i) {
    right[i / 2 * 6 + i % 2] = bins[i];
    right[18 + i / 2 * 6 + i % 2] = 10.0f * bins[i];
  }
  EXPECT_LT(difference(y.values(), right), 1e-5);
  cufftDestroy(handle);
}

TEST_F(CufftSimCalls, ReportsOuterBinsThatAreNotReal) {
  auto bins = random_floats(20, 5);
  for (const size_t imaginary : {1, 9, 11, 19}) bins[imaginary] = 0.0f;
  bins_.assign(bins);
  EXPECT_THAT(misuse([&] { cufftExecC2R(inverse_, complex(bins_), real_.get()); }), IsEmpty());
  bins[19] = 1e-6f;
  bins_.assign(bins);
  EXPECT_THAT(misuse([&] { cufftExecC2R(inverse_, complex(bins_), real_.get()); }), HasSubstr("bin 4 of row 1"));
}

TEST_F(CufftSimCalls, RefusesWrongPlans) {
  cufftHandle handle = 0;
  int n = 8, bins = 5, few = 4, none = 0;
  const auto make = [&](int* length, int* embedded, int distance, int rows, cufftType type = CUFFT_R2C) {
    return make_plan(handle, length, length, 1, *length, embedded, 1, distance, type, rows);
  };
  EXPECT_EQ(make(&n, &bins, 5, 2), CUFFT_SUCCESS);
  cufftDestroy(handle);
  EXPECT_EQ(make(&n, &bins, 4, 2), CUFFT_INVALID_SIZE);  // rows of the output overlap
  EXPECT_EQ(make(&n, &few, 5, 2), CUFFT_INVALID_SIZE);   // too few bins
  EXPECT_EQ(make(&n, &bins, 5, 0), CUFFT_INVALID_SIZE);
  EXPECT_EQ(make(&none, &bins, 5, 1), CUFFT_INVALID_SIZE);
  EXPECT_EQ(make(&n, &bins, 5, 2, CUFFT_Z2D), CUFFT_INVALID_TYPE);
  EXPECT_EQ(make(&n, nullptr, 5, 2), CUFFT_INVALID_VALUE);
}

TEST_F(CufftSimCalls, RefusesWrongCalls) {
  EXPECT_EQ(cufftExecR2C(12345, real_.get(), complex(bins_)), CUFFT_INVALID_PLAN);
  EXPECT_EQ(cufftExecR2C(inverse_, real_.get(), complex(bins_)), CUFFT_INVALID_TYPE);
  EXPECT_EQ(cufftExecR2C(forward_, nullptr, complex(bins_)), CUFFT_INVALID_VALUE);
  EXPECT_EQ(cufftExecR2C(forward_, real_.get() + 1, complex(bins_)), CUFFT_INVALID_VALUE);  // unaligned
}

TEST_F(CufftSimCalls, ReportsMemoryThatIsTooSmallOrTheHosts) {
  const DeviceFloats small(18);
  std::vector<cufftComplex> host(10);
  EXPECT_THAT(misuse([&] { cufftExecR2C(forward_, real_.get(), complex(bins_)); }), IsEmpty());
  EXPECT_THAT(misuse([&] { cufftExecR2C(forward_, real_.get(), complex(small)); }), HasSubstr("80 bytes"));
  EXPECT_THAT(misuse([&] { cufftExecR2C(forward_, real_.get(), host.data()); }), HasSubstr("device memory"));
  EXPECT_THAT(misuse([&] { cufftExecR2C(forward_, bins_.get(), complex(bins_)); }), HasSubstr("overlaps"));
}

TEST_F(CufftSimCalls, ReportsAPlanWhoseTablesNothingWaitedFor) {
  cufftHandle fresh = 0;
  int n = 8;
  ASSERT_EQ(make_plan(fresh, &n, nullptr, 1, 8, nullptr, 1, 5, CUFFT_R2C, 2), CUFFT_SUCCESS);
  const auto call = [&] { cufftExecR2C(fresh, real_.get(), complex(bins_)); };
  EXPECT_EQ(cudaStreamSynchronize(test_stream()), cudaSuccess);  // not the stream that uploads them
  EXPECT_THAT(misuse(call), HasSubstr("nothing waited for the device"));
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_THAT(misuse(call), IsEmpty());
  cufftDestroy(fresh);
}

TEST_F(CufftSimCalls, ReportsAWorkAreaThatIsMissingOrTooSmall) {
  const cufftHandle fresh = plan(CUFFT_R2C, 8, 2);
  const auto call = [&] { cufftExecR2C(fresh, real_.get(), complex(bins_)); };
  EXPECT_EQ(cufftSetWorkArea(fresh, nullptr), CUFFT_SUCCESS);
  EXPECT_THAT(misuse(call), HasSubstr("no work area"));
  const DeviceFloats small(size_t{10});
  EXPECT_EQ(cufftSetWorkArea(fresh, small.get()), CUFFT_SUCCESS);
  EXPECT_THAT(misuse(call), HasSubstr("the work area"));
  cufftDestroy(fresh);
}

TEST_F(CufftSimCalls, ReportsAPlanDestroyedTooEarly) {
  const cufftHandle early = plan(CUFFT_R2C, 8, 2);
  EXPECT_THAT(misuse([&] {
                cufftExecR2C(early, real_.get(), complex(bins_));
                cufftDestroy(early);
              }),
              HasSubstr("destroyed"));
  EXPECT_EQ(cufftDestroy(early), CUFFT_INVALID_PLAN);
}

}  // namespace
}  // namespace cudasim
