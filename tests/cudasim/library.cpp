#include "tests/cudasim/library.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace cudasim {
namespace {

constexpr int64_t kPanel = 8;    // columns of a panel of B: two vectors
constexpr int64_t kStrip = 6;    // rows of A at a time: with the panel, twelve vectors of sums
constexpr int64_t kDepth = 256;  // of a part of the sum, so that a strip and a panel stay in the cache

using Vector = double __attribute__((vector_size(32), aligned(8)));

// sums (strip x kPanel) += strip (depth x kStrip) panel (depth x kPanel)
void multiply_strip(int64_t depth, const double* strip, const double* panel, double* sums) {
  Vector total[kStrip][2] = {};
  for (int64_t l = 0; l < depth; ++l) {
    const auto* b = reinterpret_cast<const Vector*>(panel + l * kPanel);
    for (int64_t i = 0; i < kStrip; ++i) {
      const double a = strip[l * kStrip + i];
      const Vector repeated = {a, a, a, a};
      total[i][0] += repeated * b[0];
      total[i][1] += repeated * b[1];
    }
  }
  for (int64_t i = 0; i < kStrip; ++i)
    for (int64_t j = 0; j < kPanel; ++j) sums[i * kPanel + j] = total[i][j / 4][j % 4];
}

bool overlap(const Range& a, const Range& b) {
  const auto *first = static_cast<const char*>(a.data), *second = static_cast<const char*>(b.data);
  return first < second + b.bytes && second < first + a.bytes;
}

bool left_out(const Range& range) { return range.data == nullptr || range.bytes == 0; }

void need_one(const char* call, const Range& range) {
  if (left_out(range)) return;
  if (reinterpret_cast<uintptr_t>(range.data) % range.alignment != 0)
    fail(fmt::format("{}: {} ({}) is not aligned to {} bytes", call, range.name, range.data, range.alignment));
  if (!is_device_pointer(range.data, range.bytes))
    fail(fmt::format("{}: {} ({}) is not {} bytes of device memory", call, range.name, range.data, range.bytes));
}

double factor_value(float value, Rounding rounding) { return static_cast<double>(rounded(value, rounding)); }

// Sums in double are rounded only where the real library would round the same value in single precision.
double factor_value(double value, Rounding rounding) {
  return rounding == Rounding::none ? value : factor_value(static_cast<float>(value), rounding);
}

}  // namespace

void need_device(const char* call, std::initializer_list<Range> read, std::initializer_list<Range> written) {
  for (const Range& range : read) need_one(call, range);
  for (const Range* range = written.begin(); range != written.end(); ++range) {
    need_one(call, *range);
    if (left_out(*range)) continue;
    const auto check = [&](const Range& other) {
      if (!left_out(other) && overlap(*range, other))
        fail(fmt::format("{}: {} is written and overlaps {}", call, range->name, other.name));
    };
    std::for_each(read.begin(), read.end(), check);
    std::for_each(range + 1, written.end(), check);
  }
}

void need_host(const char* call, const char* name, const void* scalar) {
  if (is_device_pointer(scalar, sizeof(float)))
    fail(fmt::format("{}: {} lies on the device, and scalars are read from the host", call, name));
}

void will_read_rows(const float* data, int64_t rows, int64_t width, int64_t pitch) {
  if (width == pitch || rows == 1) {
    will_read(data, static_cast<size_t>(rows * width) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < rows; ++i) will_read(data + i * pitch, static_cast<size_t>(width) * sizeof(float));
}

void will_write_rows(float* data, int64_t rows, int64_t width, int64_t pitch) {
  if (width == pitch || rows == 1) {
    will_write(data, static_cast<size_t>(rows * width) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < rows; ++i) will_write(data + i * pitch, static_cast<size_t>(width) * sizeof(float));
}

void poison(void* data, size_t bytes) {
  if (bytes == 0) return;
  will_write(data, bytes);
  std::memset(data, 0xff, bytes);
}

float rounded(float value, Rounding rounding) {
  if (rounding == Rounding::none || !(value - value == 0.0f)) return value;  // infinities and NaNs stay
  const int dropped = rounding == Rounding::tf32 ? 13 : 16;
  const uint32_t bits = std::bit_cast<uint32_t>(value), half = uint32_t{1} << (dropped - 1);
  const uint32_t odd = rounding == Rounding::bf16 ? bits >> dropped & 1 : 1;  // ties: bf16 to even, tf32 away from zero
  return std::bit_cast<float>((bits + half - 1 + odd) & ~((uint32_t{1} << dropped) - 1));
}

template <class T>
Factor::Factor(int64_t k, int64_t n, View<T> b, Rounding rounding) : k_(k), n_(n), rounding_(rounding) {
  const int64_t panels = (n + kPanel - 1) / kPanel;
  panels_.assign(static_cast<size_t>(panels * k * kPanel), 0.0);
  for (int64_t j = 0; j < n; ++j) {
    double* column = panels_.data() + j / kPanel * k * kPanel + j % kPanel;
    for (int64_t l = 0; l < k; ++l) column[l * kPanel] = factor_value(b.data[l * b.row + j * b.column], rounding);
  }
}

template <class T>
void Factor::multiply(int64_t m, View<T> a, double* sums) const {
  double strip[kDepth * kStrip], part[kStrip * kPanel];
  for (int64_t row = 0; row < m; row += kStrip) {
    const int64_t rows = std::min(kStrip, m - row);
    for (int64_t first = 0; first < k_; first += kDepth) {
      const int64_t depth = std::min(kDepth, k_ - first);
      for (int64_t i = 0; i < kStrip; ++i)
        for (int64_t l = 0; l < depth; ++l)
          strip[l * kStrip + i] =
              i < rows ? factor_value(a.data[(row + i) * a.row + (first + l) * a.column], rounding_) : 0.0;
      for (int64_t column = 0; column < n_; column += kPanel) {
        multiply_strip(depth, strip, panels_.data() + column * k_ + first * kPanel, part);
        const int64_t columns = std::min(kPanel, n_ - column);
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j) sums[(row + i) * n_ + column + j] += part[i * kPanel + j];
      }
    }
  }
}

template Factor::Factor(int64_t, int64_t, View<float>, Rounding);
template Factor::Factor(int64_t, int64_t, View<double>, Rounding);
template void Factor::multiply(int64_t, View<float>, double*) const;
template void Factor::multiply(int64_t, View<double>, double*) const;

}  // namespace cudasim
