#include "tensor/fft.h"

#include "tensor/cuda_libraries.h"
#include "tensor/group_limits.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

using PlanKey = std::tuple<int64_t, int64_t, cufftType>;  // n, rows, direction

struct CufftHandle {
  CufftHandle() { UNMIX_CUFFT_CHECK(cufftCreate(&plan)); }
  ~CufftHandle() { cufftDestroy(plan); }
  CufftHandle(const CufftHandle&) = delete;
  CufftHandle& operator=(const CufftHandle&) = delete;
  cufftHandle plan = 0;
};

// Its work area is taken from the pool for each call: plans that are kept would keep theirs too.
class FftPlan {
 public:
  explicit FftPlan(const PlanKey& key);
  // The plan's tables may still be in use.
  ~FftPlan() { cudaStreamSynchronize(stream_); }
  FftPlan(const FftPlan&) = delete;
  FftPlan& operator=(const FftPlan&) = delete;

  // Calls transform(plan).
  template <class Transform>
  void run(const Transform& transform) const {
    const Workspace work(work_bytes_);
    UNMIX_CUFFT_CHECK(cufftSetWorkArea(handle_.plan, work.data()));
    transform(handle_.plan);
  }

 private:
  cudaStream_t stream_;
  CufftHandle handle_;
  size_t work_bytes_ = 0;
};

FftPlan::FftPlan(const PlanKey& key) : stream_(current_stream()) {
  const auto [length, rows, type] = key;
  int n = int_of(length), bins = n / 2 + 1;
  int *from = &n, *to = &bins;
  if (type == CUFFT_C2R) std::swap(from, to);
  UNMIX_CUFFT_CHECK(cufftSetAutoAllocation(handle_.plan, 0));
  UNMIX_CUFFT_CHECK(
      cufftMakePlanMany(handle_.plan, 1, &n, from, 1, *from, to, 1, *to, type, int_of(rows), &work_bytes_));
  // cuFFT uploads a plan's tables in a stream of its own choice (the legacy default stream, as seen), which streams
  // that do not block never wait for.
  UNMIX_CUDA_CHECK(cudaDeviceSynchronize());
  UNMIX_CUFFT_CHECK(cufftSetStream(handle_.plan, stream_));
}

// The Hermitian extension takes the first and last bin as real; what cuFFT makes of their imaginary parts is undefined.
struct ZeroOuterImaginary {
  float* spectrum;
  int64_t bins;
  HD void operator()(int64_t row) const {
    spectrum[row * bins * 2 + 1] = 0.0f;
    spectrum[(row * bins + bins - 1) * 2 + 1] = 0.0f;
  }
};

// Calls transform(plan, first row) for groups of rows that are within the limit.
template <class Transform>
void for_groups(const RealFft& shape, cufftType type, const Transform& transform) {
  const int64_t group = std::max<int64_t>(1, group_limits().fft_values / shape.n);
  for (int64_t row = 0; row < shape.rows; row += group)
    cached_plan<FftPlan>(PlanKey{shape.n, std::min(group, shape.rows - row), type}).run([&](cufftHandle plan) {
      transform(plan, row);
    });
}

}  // namespace

void rfft_cuda(const RealFft& shape, const float* real, float* spectrum) {
  const int64_t width = shape.n + 2;
  for_groups(shape, CUFFT_R2C, [&](cufftHandle plan, int64_t row) {
    // Out of place: the input is only read, though the call does not say so.
    auto* from = const_cast<cufftReal*>(real + row * shape.n);
    UNMIX_CUFFT_CHECK(cufftExecR2C(plan, from, reinterpret_cast<cufftComplex*>(spectrum + row * width)));
  });
}

void irfft_cuda(const RealFft& shape, float* spectrum, float* real) {
  const int64_t width = shape.n + 2;
  parallel_for(Device::cuda, shape.rows, ZeroOuterImaginary{spectrum, shape.n / 2 + 1});
  for_groups(shape, CUFFT_C2R, [&](cufftHandle plan, int64_t row) {
    auto* from = reinterpret_cast<cufftComplex*>(spectrum + row * width);
    UNMIX_CUFFT_CHECK(cufftExecC2R(plan, from, real + row * shape.n));
  });
}

}  // namespace unmix
