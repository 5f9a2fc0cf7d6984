#include "tensor/fft.h"

#include "tensor/cuda_libraries.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

constexpr int64_t kMaxValues = int64_t{1} << 26;  // of one call: cuFFT counts in int, and its work area grows with it

using PlanKey = std::tuple<int64_t, int64_t, cufftType>;  // n, rows, direction

class FftPlan {
 public:
  explicit FftPlan(const PlanKey& key) : stream_(current_stream()) {
    const auto [length, rows, type] = key;
    int n = static_cast<int>(length), bins = n / 2 + 1;
    int *from = &n, *to = &bins;
    if (type == CUFFT_C2R) std::swap(from, to);
    UNMIX_CUFFT_CHECK(cufftPlanMany(&plan_, 1, &n, from, 1, *from, to, 1, *to, type, static_cast<int>(rows)));
    made_ = true;
    // cuFFT uploads a plan's tables in the legacy default stream, which streams that do not block never wait for.
    UNMIX_CUDA_CHECK(cudaStreamSynchronize(cudaStreamLegacy));
    UNMIX_CUFFT_CHECK(cufftSetStream(plan_, stream_));
  }
  // The plan's work area may still be in use.
  ~FftPlan() {
    if (!made_) return;
    cudaStreamSynchronize(stream_);
    cufftDestroy(plan_);
  }
  FftPlan(const FftPlan&) = delete;
  FftPlan& operator=(const FftPlan&) = delete;
  cufftHandle get() const { return plan_; }

 private:
  cudaStream_t stream_;
  cufftHandle plan_ = 0;
  bool made_ = false;
};

// The Hermitian extension takes the first and last bin as real; what cuFFT makes of their imaginary parts is undefined.
struct ZeroOuterImaginary {
  float* spectrum;
  int64_t bins;
  HD void operator()(int64_t i) const {
    const int64_t bin = i % 2 == 0 ? 0 : bins - 1;
    spectrum[(i / 2 * bins + bin) * 2 + 1] = 0.0f;
  }
};

// Calls transform(plan, first row) for groups of rows that are within the limit.
template <class Transform>
void for_groups(const RealFft& shape, cufftType type, const Transform& transform) {
  auto& plans = per_device<PlanCache<PlanKey, FftPlan>>();
  const int64_t group = std::max<int64_t>(1, kMaxValues / shape.n);
  for (int64_t row = 0; row < shape.rows; row += group)
    transform(plans.get({shape.n, std::min(group, shape.rows - row), type}).get(), row);
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
  parallel_for(Device::cuda, 2 * shape.rows, ZeroOuterImaginary{spectrum, shape.n / 2 + 1});
  for_groups(shape, CUFFT_C2R, [&](cufftHandle plan, int64_t row) {
    auto* from = reinterpret_cast<cufftComplex*>(spectrum + row * width);
    UNMIX_CUFFT_CHECK(cufftExecC2R(plan, from, real + row * shape.n));
  });
}

}  // namespace unmix
