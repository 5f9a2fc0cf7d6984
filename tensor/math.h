// Elementary functions for hot loops. On the host they are branch-free polynomials that the compiler vectorises (libm's
// are calls); on the device they are the device's own. Errors on the host: below 2 units in the last place.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tensor/hd.h"

namespace unmix {

// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; exp(r) by its Taylor polynomial of degree 6 with
// minimax-corrected coefficients (Cephes, expf). Overflows to about 3e38 instead of infinity.
HD inline float exp_approx(float x) {
#if defined(__CUDA_ARCH__)
  return expf(x);
#else
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  const float shifted = x * 1.44269504088896341f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound);
  return p * std::bit_cast<float>((exponent + 127) << 23);
#endif
}

HD inline float sigmoid(float x) { return 1.0f / (1.0f + exp_approx(-x)); }

// tanh(x) = x P(x^2) near zero (Cephes, tanhf), sign(x) (1 - 2 / (exp(2|x|) + 1)) elsewhere.
HD inline float tanh_approx(float x) {
#if defined(__CUDA_ARCH__)
  return tanhf(x);
#else
  const float a = std::fabs(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * x + x;
  const float far = std::copysign(1.0f - 2.0f / (exp_approx(2.0f * a) + 1.0f), x);
  return a < 0.625f ? near : far;
#endif
}

// log(x) of a positive x: x = 2^e m, sqrt(1/2) <= m < sqrt(2), log(m) by a polynomial (Cephes, logf). Below the normal
// numbers it is -87.3; infinity and NaN stay.
HD inline float log_approx(float x) {
#if defined(__CUDA_ARCH__)
  return logf(x);
#else
  constexpr int32_t kRootHalf = 0x3f3504f3;
  const float positive = x < 1.17549435e-38f ? 1.17549435e-38f : x;
  const int32_t bits = std::bit_cast<int32_t>(positive), exponent = (bits - kRootHalf) >> 23;
  const float r = std::bit_cast<float>(bits - (exponent << 23)) - 1.0f, z = r * r, e = static_cast<float>(exponent);
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  const float y = r + (p * r * z - 2.12194440e-4f * e - 0.5f * z) + 0.693359375f * e;
  return x < std::numeric_limits<float>::infinity() ? y : x;
#endif
}

// log(1 + x), x >= 0: the rounding of 1 + x is taken back by x / ((1 + x) - 1).
HD inline float log1p_approx(float x) {
#if defined(__CUDA_ARCH__)
  return log1pf(x);
#else
  const float u = 1.0f + x, d = u - 1.0f;
  return d == 0.0f ? x : log_approx(u) * (x / d);
#endif
}

}  // namespace unmix
