// Real discrete Fourier transforms of many rows: FFTW on the CPU, cuFFT on CUDA. Unnormalised both ways:
//   forward  X[k] = sum_n x[n] exp(-2 pi i k n / N), 0 <= k <= N/2
//   inverse  x[n] = sum over all N bins of the Hermitian extension of X
// An even N is required.
#pragma once

#include <cstdint>

#include "tensor/device.h"

namespace unmix {

struct RealFft {
  int64_t n;     // length of a row
  int64_t rows;  // rows, each contiguous: real n, complex (n/2+1) x 2
};

void rfft_cpu(const RealFft& shape, const float* real, float* spectrum);
void rfft_cuda(const RealFft& shape, const float* real, float* spectrum);
// The spectrum may be overwritten.
void irfft_cpu(const RealFft& shape, float* spectrum, float* real);
void irfft_cuda(const RealFft& shape, float* spectrum, float* real);

inline void rfft(Device device, const RealFft& shape, const float* real, float* spectrum) {
  UNMIX_DISPATCH(device, rfft, shape, real, spectrum);
}
inline void irfft(Device device, const RealFft& shape, float* spectrum, float* real) {
  UNMIX_DISPATCH(device, irfft, shape, spectrum, real);
}

}  // namespace unmix
