// Spectra cut into slices of kBins bins, and sums of their products. What is multiplied together lies together and
// stays in the cache: a slice of all spectra, then the next slice.
#pragma once

#include <algorithm>

#include "evaluation/fft.h"

namespace unmix {

using Four = double __attribute__((vector_size(32)));  // what one register holds

// Slices of spectra as a matrix: (i, j) begins i * row + j * column values behind the first.
struct SliceMatrix {
  double* first;
  int64_t row, column;
  double* at(int64_t i, int64_t j) const { return first + i * row + j * column; }
};

class Spectra {
 public:
  static constexpr int64_t kBins = 64;

  Spectra(int64_t count, int64_t bins)
      : count_(count), bins_(bins), slices_((bins + kBins - 1) / kBins), data_(slices_ * count * kSlice) {}

  int64_t slices() const { return slices_; }
  // The real parts of a slice of a spectrum; its imaginary parts follow kBins values later.
  double* at(int64_t slice, int64_t index) const { return data_.get() + (slice * count_ + index) * kSlice; }
  // A slice of the spectra first + i * row + j * column.
  SliceMatrix matrix(int64_t slice, int64_t first, int64_t row, int64_t column) const {
    return {at(slice, first), row * kSlice, column * kSlice};
  }

  void clear(int64_t slice) const { std::fill_n(at(slice, 0), count_ * kSlice, 0.0); }
  void operator+=(const Spectra& other) {
    for (int64_t i = 0; i < slices_ * count_ * kSlice; ++i) data_.get()[i] += other.data_.get()[i];
  }

  // A spectrum from and to FFTW's order.
  void set(int64_t index, const double* interleaved) const {
    for (int64_t slice = 0; slice < slices_; ++slice, interleaved += kSlice) {
      double* __restrict re = at(slice, index);
      for (int64_t k = 0; k < bins_of(slice); ++k) {
        re[k] = interleaved[2 * k];
        re[k + kBins] = interleaved[2 * k + 1];
      }
    }
  }
  void get(int64_t index, double* interleaved) const {
    for (int64_t slice = 0; slice < slices_; ++slice, interleaved += kSlice) {
      const double* __restrict re = at(slice, index);
      for (int64_t k = 0; k < bins_of(slice); ++k) {
        interleaved[2 * k] = re[k];
        interleaved[2 * k + 1] = re[k + kBins];
      }
    }
  }

 private:
  static constexpr int64_t kSlice = 2 * kBins;
  int64_t bins_of(int64_t slice) const { return std::min(kBins, bins_ - slice * kBins); }

  int64_t count_, bins_, slices_;
  Doubles data_;
};

enum class Product { plain, conjugated };

// Rows i .. i + kRows and columns j .. j + kColumns of add_products(). The sums stay in registers, and each value that
// is loaded serves several of them.
template <Product product, int kRows, int kColumns>
void add_tile(int64_t i, int64_t j, int64_t depth, SliceMatrix x, SliceMatrix y, SliceMatrix to) {
  constexpr int64_t kImaginary = Spectra::kBins;
  const auto load = [](const double* p) { return *reinterpret_cast<const Four*>(p); };
  const auto store = [](double* p, Four value) { *reinterpret_cast<Four*>(p) = value; };
  for (int64_t bin = 0; bin < Spectra::kBins; bin += 4) {
    Four re[kRows][kColumns], im[kRows][kColumns];
    for (int r = 0; r < kRows; ++r)
      for (int c = 0; c < kColumns; ++c) {
        re[r][c] = load(to.at(i + r, j + c) + bin);
        im[r][c] = load(to.at(i + r, j + c) + bin + kImaginary);
      }
    const double *left = x.at(i, 0) + bin, *right = y.at(0, j) + bin;
    for (int64_t k = 0; k < depth; ++k, left += x.column, right += y.row)
      for (int c = 0; c < kColumns; ++c) {
        const Four yr = load(right + c * y.column), yi = load(right + c * y.column + kImaginary);
        for (int r = 0; r < kRows; ++r) {
          const Four xr = load(left + r * x.row), xi = load(left + r * x.row + kImaginary);
          re[r][c] += xr * yr;
          im[r][c] += xr * yi;
          if constexpr (product == Product::conjugated) {
            re[r][c] += xi * yi;
            im[r][c] -= xi * yr;
          } else {
            re[r][c] -= xi * yi;
            im[r][c] += xi * yr;
          }
        }
      }
    for (int r = 0; r < kRows; ++r)
      for (int c = 0; c < kColumns; ++c) {
        store(to.at(i + r, j + c) + bin, re[r][c]);
        store(to.at(i + r, j + c) + bin + kImaginary, im[r][c]);
      }
  }
}

// to (rows, columns) += x (rows, depth) y (depth, columns), or conj(x) y: a matrix product for each bin of a slice.
template <Product product>
void add_products(int64_t rows, int64_t columns, int64_t depth, SliceMatrix x, SliceMatrix y, SliceMatrix to) {
  for (int64_t i = 0; i < rows; i += 2)
    for (int64_t j = 0; j < columns; j += 2) {
      if (rows - i > 1 && columns - j > 1) {
        add_tile<product, 2, 2>(i, j, depth, x, y, to);
      } else if (rows - i > 1) {
        add_tile<product, 2, 1>(i, j, depth, x, y, to);
      } else if (columns - j > 1) {
        add_tile<product, 1, 2>(i, j, depth, x, y, to);
      } else {
        add_tile<product, 1, 1>(i, j, depth, x, y, to);
      }
    }
}

}  // namespace unmix
