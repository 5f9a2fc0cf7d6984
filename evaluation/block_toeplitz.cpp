// The block Schur algorithm factors T = R^T R in O(taps^2 channels^3): taps times faster than Cholesky's algorithm.
// Taps come first here, so that T consists of (channels, channels) blocks that depend on the difference of the taps
// alone. Then T and T moved by one block down and right differ by A^T A - B^T B with `channels` rows each. A step
// eliminates the first block of B against that of A with reflections of B's rows and one hyperbolic rotation for each
// column; A is then a block row of R, and moved right by one block it is the next step's. Rotations are applied in
// their mixed form, the second row from the first one's new values, which keeps the errors those of a Cholesky
// factorisation (Chandrasekaran, Sayed, "Stabilizing the generalized Schur algorithm", SIAM J. Matrix Anal. Appl.,
// 1996). Every solution is put into the system again, refined where it does not fulfil it to rounding, and given up
// where that does not help.
#include "evaluation/block_toeplitz.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "evaluation/spectra.h"

namespace unmix {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr int kMostRefinements = 3;
constexpr int64_t kFours = 4;  // registers of columns that are transformed together

// What eliminates one column: the reflection I - 2 v v^T of the rows of B, then the rotation of its first row with A's.
struct Elimination {
  std::vector<double> v;
  double sine, cosine;
};

double dot(const double* x, const double* y, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// y += a x
void add_scaled(double a, const double* __restrict x, double* __restrict y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}

// |x|_1
double magnitude(const double* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::abs(x[i]);
  return sum;
}

// Of unit diagonal: T's entries are divided by the roots of their channels' energies. Vectors have n = taps * channels
// values, those of a tap next to each other.
class BlockToeplitz {
 public:
  using Entry = std::function<double(int64_t, int64_t, int64_t)>;

  BlockToeplitz(int64_t channels, int64_t taps, const Entry& entry)
      : m_(channels), taps_(taps), n_(channels * taps), rows_(channels * channels * taps * (taps + 1) / 2) {
    for (int64_t a = 0; a < m_; ++a) scale_.push_back(1.0 / std::sqrt(entry(a, a, 0)));
    for (int64_t a = 0; a < m_; ++a)
      for (int64_t c = 0; c < m_; ++c)
        for (int64_t lag = 1 - taps; lag < taps; ++lag) entries_.push_back(entry(a, c, lag) * scale(a) * scale(c));
  }

  double scale(int64_t channel) const { return scale_[static_cast<size_t>(channel)]; }
  bool factor();
  // Replaces right-hand sides, one after the other, by the solutions; false where they are not good.
  bool solve(double* b, int64_t columns) const;

 private:
  const double* entry(int64_t a, int64_t c, int64_t lag) const {
    return entries_.data() + (a * m_ + c) * (2 * taps_ - 1) + lag + taps_ - 1;
  }
  int64_t width(int64_t k) const { return n_ - k * m_; }
  // Row r of block row k of R, from the diagonal block on.
  double* row(int64_t k, int64_t r) const { return rows_.get() + m_ * (k * n_ - m_ * k * (k - 1) / 2) + r * width(k); }
  double* row_of_b(const Doubles& b, int64_t k, int64_t r) const { return b.get() + r * n_ + k * m_; }

  bool begin(const Doubles& b) const;
  bool eliminate(int64_t k, const Doubles& b, std::vector<Elimination>& steps) const;
  void transform(int64_t k, const Doubles& b, const std::vector<Elimination>& steps, std::vector<Four>& tile) const;
  void substitute(double* x, int64_t columns) const;
  void subtract_product(const double* x, double* r) const;
  double norm() const;

  int64_t m_, taps_, n_;
  std::vector<double> scale_, entries_;
  Doubles rows_;
};

// A is L^-1 times the first block row, where L L^T is its first block; so is B, without that block.
bool BlockToeplitz::begin(const Doubles& b) const {
  for (int64_t r = 0; r < m_; ++r) {
    double* to = row(0, r);
    for (int64_t j = 0; j < taps_; ++j)
      for (int64_t c = 0; c < m_; ++c) to[j * m_ + c] = *entry(r, c, -j);
    for (int64_t q = 0; q < r; ++q) add_scaled(-row(0, q)[r], row(0, q), to, n_);
    if (!(to[r] > 16 * kEpsilon)) return false;
    const double root = std::sqrt(to[r]);
    for (int64_t t = 0; t < n_; ++t) to[t] /= root;
    std::copy_n(to + m_, n_ - m_, row_of_b(b, 1, r));
  }
  return true;
}

// Makes the eliminations of step k from its first block, and the diagonal block of R. False where a pivot is no larger
// than rounding.
bool BlockToeplitz::eliminate(int64_t k, const Doubles& b, std::vector<Elimination>& steps) const {
  std::vector<double> block(static_cast<size_t>(m_ * m_));
  const auto at = [&](int64_t r, int64_t c) -> double& { return block[static_cast<size_t>(r * m_ + c)]; };
  for (int64_t r = 0; r < m_; ++r) std::copy_n(row_of_b(b, k, r), m_, &at(r, 0));
  for (int64_t i = 0; i < m_; ++i) {
    auto& [v, sine, cosine] = steps[static_cast<size_t>(i)];
    double length = 0;
    for (int64_t r = 0; r < m_; ++r) length = std::hypot(length, v[static_cast<size_t>(r)] = at(r, i));
    v[0] += std::copysign(length, v[0]);
    const double norm = std::sqrt(dot(v.data(), v.data(), m_));
    for (double& x : v) x = norm > 0 ? x / norm : 0;
    for (int64_t c = i; c < m_; ++c) {
      double along = 0;
      for (int64_t r = 0; r < m_; ++r) along += v[static_cast<size_t>(r)] * at(r, c);
      for (int64_t r = 0; r < m_; ++r) at(r, c) -= 2 * along * v[static_cast<size_t>(r)];
    }
    const double* a = row(k - 1, i);
    double* to = row(k, i);
    sine = at(0, i) / a[i];
    cosine = std::sqrt((1 - sine) * (1 + sine));
    if (!(cosine > 0) || !(a[i] * cosine * a[i] * cosine > 16 * kEpsilon)) return false;
    std::fill_n(to, i, 0.0);
    for (int64_t c = i; c < m_; ++c) {
      to[c] = (a[c] - sine * at(0, c)) / cosine;
      at(0, c) = cosine * at(0, c) - sine * to[c];
    }
  }
  return true;
}

// The columns of step k behind the diagonal block.
void BlockToeplitz::transform(int64_t k, const Doubles& b, const std::vector<Elimination>& steps,
                              std::vector<Four>& tile) const {
  for (int64_t t = m_; t < width(k); t += 4 * kFours) {
    const auto bytes = static_cast<size_t>(std::min(4 * kFours, width(k) - t)) * sizeof(double);
    for (int64_t r = 0; r < m_; ++r) std::memcpy(&tile[static_cast<size_t>(r * kFours)], row_of_b(b, k, r) + t, bytes);
    for (int64_t i = 0; i < m_; ++i) {
      const auto& [v, sine, cosine] = steps[static_cast<size_t>(i)];
      Four along[kFours] = {}, a[kFours] = {};
      for (int64_t r = 0; r < m_; ++r)
        for (int64_t q = 0; q < kFours; ++q)
          along[q] += v[static_cast<size_t>(r)] * tile[static_cast<size_t>(r * kFours + q)];
      for (int64_t r = 0; r < m_; ++r)
        for (int64_t q = 0; q < kFours; ++q)
          tile[static_cast<size_t>(r * kFours + q)] -= 2 * v[static_cast<size_t>(r)] * along[q];
      std::memcpy(a, row(k - 1, i) + t, bytes);
      for (int64_t q = 0; q < kFours; ++q) {
        Four& first = tile[static_cast<size_t>(q)];
        a[q] = (a[q] - sine * first) / cosine;
        first = cosine * first - sine * a[q];
      }
      std::memcpy(row(k, i) + t, a, bytes);
    }
    for (int64_t r = 0; r < m_; ++r) std::memcpy(row_of_b(b, k, r) + t, &tile[static_cast<size_t>(r * kFours)], bytes);
  }
}

// On one thread: the steps are too short to be shared.
bool BlockToeplitz::factor() {
  const Doubles b(m_ * n_);
  std::vector<Elimination> steps(static_cast<size_t>(m_), {std::vector<double>(static_cast<size_t>(m_)), 0, 1});
  std::vector<Four> tile(static_cast<size_t>(m_ * kFours));
  if (!begin(b)) return false;
  for (int64_t k = 1; k < taps_; ++k) {
    if (!eliminate(k, b, steps)) return false;
    transform(k, b, steps, tile);
  }
  return true;
}

// x := R^-1 R^-T x
void BlockToeplitz::substitute(double* x, int64_t columns) const {
  for (int64_t k = 0; k < taps_; ++k)
    for (int64_t c = 0; c < columns; ++c) {
      double* y = x + c * n_ + k * m_;
      for (int64_t r = 0; r < m_; ++r) {
        y[r] /= row(k, r)[r];
        add_scaled(-y[r], row(k, r) + r + 1, y + r + 1, width(k) - r - 1);
      }
    }
  for (int64_t k = taps_ - 1; k >= 0; --k)
    for (int64_t c = 0; c < columns; ++c) {
      double* y = x + c * n_ + k * m_;
      for (int64_t r = m_ - 1; r >= 0; --r)
        y[r] = (y[r] - dot(row(k, r) + r + 1, y + r + 1, width(k) - r - 1)) / row(k, r)[r];
    }
}

// r -= T x
void BlockToeplitz::subtract_product(const double* x, double* r) const {
  std::vector<double> sum(static_cast<size_t>(taps_));
  for (int64_t a = 0; a < m_; ++a) {
    std::fill(sum.begin(), sum.end(), 0.0);
    for (int64_t c = 0; c < m_; ++c)
      for (int64_t j = 0; j < taps_; ++j) add_scaled(x[j * m_ + c], entry(a, c, -j), sum.data(), taps_);
    for (int64_t i = 0; i < taps_; ++i) r[i * m_ + a] -= sum[static_cast<size_t>(i)];
  }
}

// |T|_1, or somewhat more.
double BlockToeplitz::norm() const {
  double most = 0;
  for (int64_t a = 0; a < m_; ++a) most = std::max(most, magnitude(entry(a, 0, 1 - taps_), m_ * (2 * taps_ - 1)));
  return most;
}

bool BlockToeplitz::solve(double* b, int64_t columns) const {
  std::vector<double> x(static_cast<size_t>(n_ * columns), 0.0), r(b, b + n_ * columns);
  std::vector<bool> good(static_cast<size_t>(columns), false);
  const double most = norm();
  for (int i = 0; i <= kMostRefinements; ++i) {
    substitute(r.data(), columns);
    for (int64_t c = 0; c < columns; ++c) {
      double *solution = x.data() + c * n_, *rest = r.data() + c * n_;
      add_scaled(1.0, rest, solution, n_);
      std::copy_n(b + c * n_, n_, rest);
      subtract_product(solution, rest);
      good[static_cast<size_t>(c)] =
          magnitude(rest, n_) <= 16 * kEpsilon * (most * magnitude(solution, n_) + magnitude(b + c * n_, n_));
      if (good[static_cast<size_t>(c)]) std::fill_n(rest, n_, 0.0);  // one column's refinement does not change another
    }
    if (std::find(good.begin(), good.end(), false) != good.end()) continue;
    std::copy(x.begin(), x.end(), b);
    return true;
  }
  return false;
}

}  // namespace

bool solve_block_toeplitz(int64_t channels, int64_t taps,
                          const std::function<double(int64_t a, int64_t c, int64_t lag)>& entry, std::vector<double>& b,
                          int64_t columns, int threads) {
  BlockToeplitz matrix(channels, taps, entry);
  if (!matrix.factor()) return false;
  const int64_t n = channels * taps;
  std::vector<double> x(b.size());
  // Element (channel a, tap i) of a column, in both orders, with the channel's scale.
  const auto reorder = [&](const auto& move) {
    for (int64_t c = 0; c < columns; ++c)
      for (int64_t a = 0; a < channels; ++a)
        for (int64_t i = 0; i < taps; ++i)
          move(b[static_cast<size_t>((a * taps + i) * columns + c)], x[static_cast<size_t>(c * n + i * channels + a)],
               matrix.scale(a));
  };
  reorder([](double from, double& to, double scale) { to = from * scale; });
  const int64_t groups = std::min<int64_t>(threads, columns);
  bool good = true;
#pragma omp parallel for num_threads(threads) schedule(static, 1) reduction(&& : good)
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t first = columns * g / groups;
    good = matrix.solve(x.data() + first * n, columns * (g + 1) / groups - first) && good;
  }
  if (good) reorder([](double& to, double from, double scale) { to = from * scale; });
  return good;
}

}  // namespace unmix
