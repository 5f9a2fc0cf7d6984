// Vectors and Hermitian matrices of one or two channels in registers. In double: the inverse of a nearly singular
// matrix, which two channels that are nearly alike give, would leave no digit of float32.
//
// Plain loops of a fixed length only, without branches: the host's compiler vectorises over the bins around them.
#pragma once

#include <cstdint>

#include "tensor/launch.h"

namespace unmix {

// Complex values of C channels, real and imaginary parts in turn.
template <int C>
using Vector = Values<double, 2 * C>;

// [a] or [a, b; conj(b), d], as a, d, Re b, Im b.
template <int C>
using Hermitian = Values<double, C * C>;

// The channels of one frame and bin, which lie `bins` apart.
template <int C>
HD Vector<C> load_vector(const float* z, int64_t bins) {
  Vector<C> vector;
  for (int i = 0; i < 2 * C; ++i) vector[i] = z[i / 2 * 2 * bins + i % 2];
  return vector;
}

template <int C>
HD void store_vector(const Vector<C>& vector, double factor, float* z, int64_t bins) {
  for (int i = 0; i < 2 * C; ++i) z[i / 2 * 2 * bins + i % 2] = static_cast<float>(factor * vector[i]);
}

// The entries lie `bins` apart.
template <int C>
HD Hermitian<C> load_matrix(const double* entries, int64_t bins) {
  Hermitian<C> matrix;
  for (int i = 0; i < C * C; ++i) matrix[i] = entries[i * bins];
  return matrix;
}

template <int C>
HD void store_matrix(const Hermitian<C>& matrix, double factor, double* entries, int64_t bins) {
  for (int i = 0; i < C * C; ++i) entries[i * bins] = factor * matrix[i];
}

// sum += factor * matrix
template <int C>
HD void accumulate(Hermitian<C>& sum, double factor, const Hermitian<C>& matrix) {
  for (int i = 0; i < C * C; ++i) sum[i] += factor * matrix[i];
}

// factor * I
template <int C>
HD Hermitian<C> identity(double factor) {
  Hermitian<C> matrix{};
  for (int i = 0; i < C; ++i) matrix[i] = factor;
  return matrix;
}

// y y^H
template <int C>
HD Hermitian<C> outer_product(const Vector<C>& y) {
  if constexpr (C == 1)
    return {{y[0] * y[0] + y[1] * y[1]}};
  else
    return {
        {y[0] * y[0] + y[1] * y[1], y[2] * y[2] + y[3] * y[3], y[0] * y[2] + y[1] * y[3], y[1] * y[2] - y[0] * y[3]}};
}

// Mean of the diagonal.
template <int C>
HD double mean_power(const Hermitian<C>& m) {
  if constexpr (C == 1)
    return m[0];
  else
    return 0.5 * (m[0] + m[1]);
}

template <int C>
HD Hermitian<C> inverse(const Hermitian<C>& m) {
  if constexpr (C == 1) {
    return {{1.0 / m[0]}};
  } else {
    const double factor = 1.0 / (m[0] * m[1] - m[2] * m[2] - m[3] * m[3]);
    return {{factor * m[1], factor * m[0], -factor * m[2], -factor * m[3]}};
  }
}

template <int C>
HD Vector<C> product(const Hermitian<C>& m, const Vector<C>& x) {
  if constexpr (C == 1)
    return {{m[0] * x[0], m[0] * x[1]}};
  else
    return {{m[0] * x[0] + m[2] * x[2] - m[3] * x[3], m[0] * x[1] + m[2] * x[3] + m[3] * x[2],
             m[1] * x[2] + m[2] * x[0] + m[3] * x[1], m[1] * x[3] + m[2] * x[1] - m[3] * x[0]}};
}

}  // namespace unmix
