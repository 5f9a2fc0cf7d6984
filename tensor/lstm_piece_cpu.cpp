// The products with the input are one large product per piece; the recurrence runs step by step, a direction and up to
// three sequences to a thread. A step with one sequence reads W_hh once and is as fast as that arrives (1 MB of 256
// hidden units in 12 us, which is all that this memory gives): dot products of four rows at a time with h, as the
// matrix lies. Every second step goes through the rows from the last to the first, so that it begins with those that
// are still in the cache.
#include <algorithm>

#include "base/signals.h"
#include "tensor/gemm.h"
#include "tensor/lstm.h"
#include "tensor/lstm_cell.h"

namespace unmix {
namespace {

constexpr int kWidth = 8;  // floats of a vector
constexpr int kRows = 4;   // rows of W_hh at a time; their number is a multiple of it
constexpr int kGroup = 3;  // sequences of a task: with kRows they fill the registers

using Lanes = float __attribute__((vector_size(4 * kWidth), aligned(4), may_alias));
using Half = float __attribute__((vector_size(2 * kWidth), aligned(4), may_alias));

const Lanes& lanes(const float* data) { return *reinterpret_cast<const Lanes*>(data); }

// out[r] = the sum of the lanes of sums[r], for kRows rows.
void add_lanes(const Lanes* sums, float* out) {
  const auto pairs = [](const Lanes& a, const Lanes& b) -> Lanes {
    return __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) +
           __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  };
  const Lanes p = pairs(sums[0], sums[1]), q = pairs(sums[2], sums[3]);
  const Lanes r = __builtin_shufflevector(p, q, 0, 1, 8, 9, 4, 5, 12, 13) +
                  __builtin_shufflevector(p, q, 2, 3, 10, 11, 6, 7, 14, 15);
  *reinterpret_cast<Half*>(out) = __builtin_shufflevector(r, r, 0, 1, 2, 3) + __builtin_shufflevector(r, r, 4, 5, 6, 7);
}

// out (kCount, 4 hidden) = h (kCount, hidden) W_hh^T. The order of every sum is the same for all counts.
template <int kCount>
void recurrent_sums(const float* w_hh, const float* h, int64_t hidden, bool from_last, float* out) {
  const int64_t rows = 4 * hidden, whole = hidden / kWidth * kWidth;
  for (int64_t i = 0; i < rows; i += kRows) {
    const int64_t row = from_last ? rows - kRows - i : i;
    const float* w = w_hh + row * hidden;
    Lanes sums[kCount][kRows] = {};
    for (int64_t k = 0; k < whole; k += kWidth)
      for (int r = 0; r < kRows; ++r)
        for (int n = 0; n < kCount; ++n) sums[n][r] += lanes(w + r * hidden + k) * lanes(h + n * hidden + k);
    for (int n = 0; n < kCount; ++n) {
      float* result = out + n * rows + row;
      add_lanes(sums[n], result);
      for (int r = 0; r < kRows; ++r)
        for (int64_t k = whole; k < hidden; ++k) result[r] += w[r * hidden + k] * h[n * hidden + k];
    }
  }
}

// One step of one sequence: the gates' sums in three parts of 4 hidden give the next cell, h and the output.
void advance(int64_t hidden, const float* from_input, const float* from_state, const float* bias, float* cell, float* h,
             float* y) {
  const auto sum = [=](int64_t j) { return from_input[j] + from_state[j] + bias[j]; };
#pragma omp simd
  for (int64_t j = 0; j < hidden; ++j) {
    const LstmCell now = lstm_cell(sum(j), sum(hidden + j), sum(2 * hidden + j), sum(3 * hidden + j), cell[j]);
    cell[j] = now.c;
    h[j] = now.h;
    y[j] = now.h;
  }
}

// A piece with what its tasks share: gates (steps, batch, 4 hidden) from the input, bias (4 hidden), the state to be
// carried on.
struct Work {
  explicit Work(const LstmPiece& piece);

  const LstmPiece* piece;
  int64_t steps, batch, hidden;
  Tensor gates;
  std::vector<float> bias;
  LstmState state;
};

Work::Work(const LstmPiece& p)
    : piece(&p),
      steps(p.x.dim(0)),
      batch(p.x.dim(1)),
      hidden(p.weights.w_hh.dim(1)),
      gates(Tensor::empty({steps, batch, 4 * hidden})),
      state{p.state->h.defined() ? p.state->h.clone() : Tensor::zeros({batch, hidden}),
            p.state->c.defined() ? p.state->c.clone() : Tensor::zeros({batch, hidden})} {
  const int64_t input = p.x.dim(2);
  gemm_cpu({.m = steps * batch,
            .n = 4 * hidden,
            .k = input,
            .a = p.x.data(),
            .lda = input,
            .b = p.weights.w_ih.data(),
            .ldb = input,
            .transpose_b = true,
            .c = gates.data(),
            .ldc = 4 * hidden});
  const float *b_ih = p.weights.b_ih.data(), *b_hh = p.weights.b_hh.data();
  for (int64_t j = 0; j < 4 * hidden; ++j) bias.push_back(b_ih[j] + b_hh[j]);
}

// Carries sequences first .. first + kCount through the piece.
template <int kCount>
void run(Work& work, int64_t first) {
  const LstmPiece& piece = *work.piece;
  const int64_t hidden = work.hidden, width = piece.y.dim(2);
  float *h = work.state.h.data() + first * hidden, *c = work.state.c.data() + first * hidden;
  const float *w_hh = piece.weights.w_hh.data(), *gates = work.gates.data();
  Tensor output = piece.y;  // a handle
  float* y = output.data() + piece.column;
  std::vector<float> sums(static_cast<size_t>(kCount * 4 * hidden));
  for (int64_t step = 0; step < work.steps; ++step) {
    recurrent_sums<kCount>(w_hh, h, hidden, step % 2 == 1, sums.data());
    const int64_t row = (piece.reverse ? work.steps - 1 - step : step) * work.batch + first;
    for (int64_t n = 0; n < kCount; ++n)
      advance(hidden, gates + (row + n) * 4 * hidden, sums.data() + n * 4 * hidden, work.bias.data(), c + n * hidden,
              h + n * hidden, y + (row + n) * width);
  }
}

struct Task {
  Work* work;
  int64_t first, count;
};

void run(const Task& task) {
  if (task.count == 1) return run<1>(*task.work, task.first);
  if (task.count == 2) return run<2>(*task.work, task.first);
  run<kGroup>(*task.work, task.first);
}

}  // namespace

void lstm_pieces_cpu(const std::vector<LstmPiece>& pieces) {
  std::vector<Work> works(pieces.begin(), pieces.end());
  std::vector<Task> tasks;
  for (Work& work : works)
    for (int64_t first = 0; first < work.batch; first += kGroup)
      tasks.push_back({&work, first, std::min<int64_t>(kGroup, work.batch - first)});
  const SignalsBlocked scope;
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t i = 0; i < tasks.size(); ++i) run(tasks[i]);
  for (const Work& work : works) *work.piece->state = work.state;
}

}  // namespace unmix
