// Systems with a symmetric positive definite block Toeplitz matrix: in the delays of several signals, the normal
// equations of filters between them are one.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace unmix {

// Solves T x = b for T[(a, i), (c, j)] = entry(a, c, i - j), with `channels` channels and `taps` taps, |i - j| < taps;
// entry(c, a, -lag) is the same. b (channels * taps, columns) becomes the solutions. False, with b as it was, where T
// is so near to singular that they would not be good to the last digits: Cholesky factors such a matrix, too.
bool solve_block_toeplitz(int64_t channels, int64_t taps,
                          const std::function<double(int64_t a, int64_t c, int64_t lag)>& entry, std::vector<double>& b,
                          int64_t columns, int threads);

}  // namespace unmix
