// Spectra as planes of real and imaginary parts, and sums of their products.
#pragma once

#include "evaluation/fft.h"

namespace unmix {

using Four = double __attribute__((vector_size(32)));  // what one register holds

class Spectra {
 public:
  Spectra(int64_t count, int64_t bins)
      : bins_(bins), plane_((bins + kStep - 1) / kStep * kStep), data_(count * 2 * plane_) {}

  int64_t bins() const { return bins_; }
  int64_t plane() const { return plane_; }  // values of a plane: the bins, and zeros up to a multiple of kStep
  // The real parts of a spectrum; its imaginary parts follow plane() values later.
  double* operator[](int64_t index) const { return data_.get() + index * 2 * plane_; }

  // A spectrum from and to FFTW's order.
  void set(int64_t index, const double* __restrict interleaved) const {
    double* __restrict re = (*this)[index];
    double* __restrict im = re + plane_;
    for (int64_t k = 0; k < bins_; ++k) {
      re[k] = interleaved[2 * k];
      im[k] = interleaved[2 * k + 1];
    }
  }
  void get(int64_t index, double* __restrict interleaved) const {
    const double* __restrict re = (*this)[index];
    const double* __restrict im = re + plane_;
    for (int64_t k = 0; k < bins_; ++k) {
      interleaved[2 * k] = re[k];
      interleaved[2 * k + 1] = im[k];
    }
  }

  static constexpr int64_t kStep = 16;

 private:
  int64_t bins_, plane_;
  Doubles data_;
};

enum class Product { plain, conjugated };

// sum += sum_i x(i) y(i), or conj(x(i)) y(i), over the bins from .. to (multiples of kStep) of spectra with equal
// planes. The sums stay in registers for all i < count.
template <Product product, class X, class Y>
void add_products(int64_t count, const X& x, const Y& y, double* sum, int64_t plane, int64_t from, int64_t to) {
  constexpr int64_t kFours = Spectra::kStep / 4;
  const auto at = [](const double* p, int64_t k) { return *reinterpret_cast<const Four*>(p + k); };
  for (int64_t k = from; k < to; k += Spectra::kStep) {
    Four re[kFours], im[kFours];
    for (int64_t v = 0; v < kFours; ++v) {
      re[v] = at(sum, k + 4 * v);
      im[v] = at(sum, plane + k + 4 * v);
    }
    for (int64_t i = 0; i < count; ++i) {
      const double *left = x(i) + k, *right = y(i) + k;
      for (int64_t v = 0; v < kFours; ++v) {
        const Four xr = at(left, 4 * v), xi = at(left, plane + 4 * v);
        const Four yr = at(right, 4 * v), yi = at(right, plane + 4 * v);
        if constexpr (product == Product::conjugated) {
          re[v] += xr * yr;
          re[v] += xi * yi;
          im[v] += xr * yi;
          im[v] -= xi * yr;
        } else {
          re[v] += xr * yr;
          re[v] -= xi * yi;
          im[v] += xr * yi;
          im[v] += xi * yr;
        }
      }
    }
    for (int64_t v = 0; v < kFours; ++v) {
      *reinterpret_cast<Four*>(sum + k + 4 * v) = re[v];
      *reinterpret_cast<Four*>(sum + plane + k + 4 * v) = im[v];
    }
  }
}

}  // namespace unmix
