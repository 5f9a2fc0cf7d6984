#include <algorithm>
#include <map>
#include <mutex>

#include "base/signals.h"
#include "tensor/fft.h"
#include "tensor/fftw.h"

namespace unmix {

const FftwPlans& fftw_plans(int64_t n) {
  static std::mutex mutex;
  static auto& plans = *new std::map<int64_t, FftwPlans>;  // never destroyed: other threads may still transform
  const std::lock_guard lock(mutex);
  const auto found = plans.find(n);
  if (found != plans.end()) return found->second;
  FftwBuffers buffers(n);
  const int length = static_cast<int>(n);
  return plans
      .emplace(n, FftwPlans{fftwf_plan_dft_r2c_1d(length, buffers.real(), buffers.complex(), FFTW_ESTIMATE),
                            fftwf_plan_dft_c2r_1d(length, buffers.complex(), buffers.real(), FFTW_ESTIMATE)})
      .first->second;
}

void rfft_cpu(const RealFft& shape, const float* real, float* spectrum) {
  const FftwPlans& plans = fftw_plans(shape.n);
  const int64_t n = shape.n, width = n + 2;
  const SignalsBlocked scope;
#pragma omp parallel
  {
    FftwBuffers buffers(n);
#pragma omp for schedule(static)
    for (int64_t row = 0; row < shape.rows; ++row) {
      std::copy_n(real + row * n, n, buffers.real());
      fftwf_execute_dft_r2c(plans.forward, buffers.real(), buffers.complex());
      std::copy_n(buffers.spectrum(), width, spectrum + row * width);
    }
  }
}

void irfft_cpu(const RealFft& shape, float* spectrum, float* real) {
  const FftwPlans& plans = fftw_plans(shape.n);
  const int64_t n = shape.n, width = n + 2;
  const SignalsBlocked scope;
#pragma omp parallel
  {
    FftwBuffers buffers(n);
#pragma omp for schedule(static)
    for (int64_t row = 0; row < shape.rows; ++row) {
      std::copy_n(spectrum + row * width, width, buffers.spectrum());
      fftwf_execute_dft_c2r(plans.backward, buffers.complex(), buffers.real());
      std::copy_n(buffers.real(), n, real + row * n);
    }
  }
}

}  // namespace unmix
