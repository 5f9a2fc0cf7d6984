// Plain computations in double of the larger operations, from their definitions.
#pragma once

#include <vector>

#include "tensor/conv2d.h"
#include "tensor/lstm.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {

using Doubles = std::vector<double>;

// op(A) (m x k) times op(B) (k x n); a transposed factor is stored the other way round.
Doubles reference_matmul(const Doubles& a, const Doubles& b, int64_t m, int64_t n, int64_t k, bool transpose_a,
                         bool transpose_b);

Doubles reference_conv2d(const Conv2dShape& shape, const Doubles& x, const Doubles& weight);
Doubles reference_max_pool2d(const Array& x, int64_t kernel, int64_t stride);

// weights: per direction w_ih, w_hh, b_ih, b_hh.
Doubles reference_lstm(const LstmShape& shape, const Doubles& x, const std::vector<Doubles>& weights);
// Weights within 0.4 of 0, and weights in the order that reference_lstm takes.
std::vector<LstmWeights> random_lstm_weights(const LstmShape& shape, Device device);
std::vector<Doubles> doubles_of(const std::vector<LstmWeights>& weights);

// x (outer, channels, inner): (x - mean) / sqrt(variance + eps) with the batch's statistics per channel or given ones.
struct ReferenceStatistics {
  Doubles mean, variance;  // biased
};
ReferenceStatistics reference_statistics(const Array& x);
Doubles reference_normalize(const Array& x, const ReferenceStatistics& statistics, double eps);

// Rows of n values -> rows of n/2+1 complex bins, and back with the factor 1/n.
Doubles reference_rfft(const Doubles& x, int64_t n);
Doubles reference_irfft(const Doubles& spectrum, int64_t n);

// x (signals, samples) -> (frames, signals, bins, 2); center: reflected edges of n_fft/2.
Doubles reference_stft(const Doubles& x, int64_t samples, const Doubles& window, int64_t hop, bool center);
// (frames, signals, bins, 2) -> (signals, length)
Doubles reference_istft(const Doubles& spectrum, int64_t frames, const Doubles& window, int64_t hop, bool center,
                        int64_t length);

}  // namespace unmix::test
