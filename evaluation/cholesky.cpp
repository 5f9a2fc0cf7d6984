// Blocked right-looking Cholesky, U^T U = G. The matrix is cut into square tiles and only those on and above the
// diagonal exist. A tile's columns lie in panels of eight, row after row, so that one product of a panel's half with a
// panel, C[r][c] -= sum_l A[l][r] B[l][c], does the factorisation of a tile, the triangular solve and the update alike.
#include "evaluation/cholesky.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/spectra.h"

namespace unmix {
namespace {

constexpr int64_t kTile = 256, kPanel = 8, kHalf = 4;
constexpr int64_t kColumns = 4;  // of right-hand sides, solved at a time
constexpr int64_t kPanelSize = kTile * kPanel, kTileSize = kTile * kTile;

// Where column c of row r lies in a tile.
int64_t place(int64_t r, int64_t c) { return c / kPanel * kPanelSize + r * kPanel + c % kPanel; }

// Rows r .. r + 3 of a panel: c[4][8] -= sum_{l < depth} a[l][h .. h + 3]^T b[l][8], h the half of a's panel.
void multiply(const double* a, const double* b, double* c, int64_t depth) {
  Four sum[kHalf][2];
  for (int64_t r = 0; r < kHalf; ++r)
    for (int64_t v = 0; v < 2; ++v) sum[r][v] = *reinterpret_cast<const Four*>(c + r * kPanel + v * 4);
  for (int64_t l = 0; l < depth; ++l, a += kPanel, b += kPanel) {
    const Four left = *reinterpret_cast<const Four*>(b), right = *reinterpret_cast<const Four*>(b + 4);
    for (int64_t r = 0; r < kHalf; ++r) {
      sum[r][0] -= a[r] * left;
      sum[r][1] -= a[r] * right;
    }
  }
  for (int64_t r = 0; r < kHalf; ++r)
    for (int64_t v = 0; v < 2; ++v) *reinterpret_cast<Four*>(c + r * kPanel + v * 4) = sum[r][v];
}

const double* half_panel(const double* tile, int64_t r) { return tile + r / kPanel * kPanelSize + r % kPanel; }

// target -= a^T b, all tiles.
void update(const double* a, const double* b, double* target) {
  for (int64_t p = 0; p < kTileSize; p += kPanelSize)
    for (int64_t r = 0; r < kTile; r += kHalf) multiply(half_panel(a, r), b + p, target + p + r * kPanel, kTile);
}

// x := U^-T x for the upper triangular tile u.
void solve_triangle(const double* u, double* x) {
  for (int64_t p = 0; p < kTileSize; p += kPanelSize)
    for (int64_t top = 0; top < kTile; top += kHalf) {
      multiply(half_panel(u, top), x + p, x + p + top * kPanel, top);
      for (int64_t r = top; r < top + kHalf; ++r) {
        double* row = x + p + r * kPanel;
        for (int64_t l = top; l < r; ++l)
          for (int64_t c = 0; c < kPanel; ++c) row[c] -= u[place(l, r)] * x[p + l * kPanel + c];
        for (int64_t c = 0; c < kPanel; ++c) row[c] /= u[place(r, r)];
      }
    }
}

}  // namespace

Cholesky::Cholesky(int64_t n, const std::function<void(int64_t, double*)>& row, int threads)
    : n_(n),
      tiles_((n + kTile - 1) / kTile),
      data_(tiles_ * (tiles_ + 1) / 2 * kTileSize),
      smallest_pivot_(static_cast<size_t>(tiles_ * kTile)) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t i = 0; i < tiles_; ++i) fill_row(i, row);
  factor(threads);
}

double* Cholesky::tile(int64_t i, int64_t j) const {
  return data_.get() + (i * tiles_ - i * (i - 1) / 2 + (j - i)) * kTileSize;
}

// Beyond n the matrix is continued by the identity.
void Cholesky::fill_row(int64_t i, const std::function<void(int64_t, double*)>& row) {
  std::vector<double> line(static_cast<size_t>(tiles_ * kTile));
  for (int64_t r = 0; r < kTile; ++r) {
    const int64_t at = i * kTile + r;
    std::fill(line.begin(), line.end(), 0.0);
    if (at < n_) {
      row(at, line.data() + at);
    } else {
      line[static_cast<size_t>(at)] = 1.0;
    }
    smallest_pivot_[static_cast<size_t>(at)] =
        16 * std::numeric_limits<double>::epsilon() * line[static_cast<size_t>(at)];
    for (int64_t j = i; j < tiles_; ++j)
      for (int64_t c = 0; c < kTile; ++c) tile(i, j)[place(r, c)] = line[static_cast<size_t>(j * kTile + c)];
  }
}

void Cholesky::factor_diagonal(int64_t k) {
  double* u = tile(k, k);
  for (int64_t top = 0; top < kTile; top += kHalf) {
    const int64_t first = top / kPanel * kPanelSize;
    for (int64_t p = first; p < kTileSize; p += kPanelSize)
      multiply(half_panel(u, top), u + p, u + p + top * kPanel, top);
    for (int64_t r = top; r < top + kHalf; ++r) {
      for (int64_t l = top; l < r; ++l)
        for (int64_t c = r; c < kTile; ++c) u[place(r, c)] -= u[place(l, r)] * u[place(l, c)];
      const double pivot = u[place(r, r)];
      const bool depends = !(pivot > smallest_pivot_[static_cast<size_t>(k * kTile + r)]);
      // Divided by infinity, the row and with it the weight become zero.
      const double root = depends ? std::numeric_limits<double>::infinity() : std::sqrt(pivot);
      for (int64_t c = r + 1; c < kTile; ++c) u[place(r, c)] /= root;
      u[place(r, r)] = root;
    }
  }
}

void Cholesky::factor(int threads) {
  for (int64_t k = 0; k < tiles_; ++k) {
    factor_diagonal(k);
    const int64_t rest = tiles_ - k - 1;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(dynamic, 1)
      for (int64_t j = 0; j < rest; ++j) solve_triangle(tile(k, k), tile(k, k + 1 + j));
#pragma omp for schedule(dynamic, 1) collapse(2)
      for (int64_t i = 0; i < rest; ++i)
        for (int64_t j = 0; j < rest; ++j)
          if (i <= j) update(tile(k, k + 1 + i), tile(k, k + 1 + j), tile(k + 1 + i, k + 1 + j));
    }
  }
}

// One column after the other in each thread; a row of U is used for all its columns at once.
void Cholesky::solve(double* b, int64_t columns, int threads) const {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t c = 0; c < columns; c += kColumns) {
    std::vector<double> x(static_cast<size_t>(tiles_ * kTile * kColumns), 0.0);
    const int64_t count = std::min(kColumns, columns - c);
    for (int64_t i = 0; i < n_; ++i) std::copy_n(b + i * columns + c, count, x.data() + i * kColumns);
    substitute(x.data());
    for (int64_t i = 0; i < n_; ++i) std::copy_n(x.data() + i * kColumns, count, b + i * columns + c);
  }
}

// x := U^-1 U^-T x of kColumns columns.
void Cholesky::substitute(double* x) const {
  const auto subtract = [&](int64_t to, double factor, int64_t from) {
    for (int64_t c = 0; c < kColumns; ++c) x[to * kColumns + c] -= factor * x[from * kColumns + c];
  };
  const auto divide = [&](int64_t i, int64_t r) {
    for (int64_t c = 0; c < kColumns; ++c) x[(i * kTile + r) * kColumns + c] /= tile(i, i)[place(r, r)];
  };
  for (int64_t i = 0; i < tiles_; ++i)
    for (int64_t r = 0; r < kTile; ++r) {
      divide(i, r);
      for (int64_t j = i; j < tiles_; ++j)
        for (int64_t c = j == i ? r + 1 : 0; c < kTile; ++c)
          subtract(j * kTile + c, tile(i, j)[place(r, c)], i * kTile + r);
    }
  for (int64_t i = tiles_ - 1; i >= 0; --i)
    for (int64_t r = kTile - 1; r >= 0; --r) {
      for (int64_t j = i; j < tiles_; ++j)
        for (int64_t c = j == i ? r + 1 : 0; c < kTile; ++c)
          subtract(i * kTile + r, tile(i, j)[place(r, c)], j * kTile + c);
      divide(i, r);
    }
}

}  // namespace unmix
