#include "evaluation/fft.h"

#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <new>
#include <numbers>

namespace unmix {
namespace {

constexpr size_t kAlignment = 64;  // a line of the cache

std::mutex& planner() {  // FFTW plans on one thread at a time
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Doubles::Doubles(int64_t n)
    : data_(static_cast<double*>(
          std::aligned_alloc(kAlignment, (static_cast<size_t>(n) * 8 + kAlignment - 1) / kAlignment * kAlignment))) {
  if (!data_) throw std::bad_alloc();
  std::fill_n(data_.get(), n, 0.0);
}

void Doubles::Free::operator()(double* data) const { std::free(data); }

DoubleFft::DoubleFft(int64_t n) : n_(n) {
  const Doubles real(n), spectrum(n + 2);
  auto* complex = reinterpret_cast<fftw_complex*>(spectrum.get());
  const std::lock_guard lock(planner());
  forward_.reset(fftw_plan_dft_r2c_1d(static_cast<int>(n), real.get(), complex, FFTW_ESTIMATE));
  inverse_.reset(fftw_plan_dft_c2r_1d(static_cast<int>(n), complex, real.get(), FFTW_ESTIMATE));
}

void DoubleFft::Free::operator()(fftw_plan_s* plan) const {
  const std::lock_guard lock(planner());
  fftw_destroy_plan(plan);
}

void DoubleFft::forward(double* real, double* spectrum) const {
  fftw_execute_dft_r2c(forward_.get(), real, reinterpret_cast<fftw_complex*>(spectrum));
}

void DoubleFft::inverse(double* spectrum, double* real) const {
  fftw_execute_dft_c2r(inverse_.get(), reinterpret_cast<fftw_complex*>(spectrum), real);
}

std::vector<double> hann(int64_t size) {
  std::vector<double> window;
  for (int64_t n = 0; n < size; ++n)
    window.push_back(0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(size)));
  return window;
}

}  // namespace unmix
