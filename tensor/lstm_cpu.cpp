// The products with the input are one large product per direction; the recurrence runs step by step, a direction and a
// group of sequences to a thread, with single-threaded products. Far smaller in memory than oneDNN's own LSTM (its
// workspace holds 250 MB a layer at Open-Unmix's sizes, this 43 MB).
#include <dnnl.h>

#include <algorithm>

#include "base/error.h"
#include "base/signals.h"
#include "tensor/gemm.h"
#include "tensor/lstm.h"
#include "tensor/lstm_cell.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

constexpr int64_t kGroup = 16;  // sequences that one task carries through time: fixed, so that results are too

// What one task works on: sequences first .. first + count of one direction.
struct Task {
  LstmShape shape;
  int64_t direction, first, count;
  // The position in time that step number `step` of this direction reads.
  int64_t time(int64_t step) const { return direction == 0 ? step : shape.steps - 1 - step; }
  int64_t width() const { return shape.directions * shape.hidden; }
};

// C (m x n, leading dimension ldc) = A (m x k) B (k x n) + beta C on the calling thread alone.
void small_gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, float* c, int64_t ldc,
                float beta) {
  const dnnl_status_t status = dnnl_sgemm('N', 'N', m, n, k, 1.0f, a, lda, b, n, beta, c, ldc);
  check(status == dnnl_success, "lstm", "oneDNN refused a product of {} x {} x {}", m, n, k);
}

Tensor transposed(const Tensor& matrix) {
  const int64_t rows = matrix.dim(0), cols = matrix.dim(1);
  Tensor result = Tensor::empty({cols, rows});
  const float* from = matrix.data();
  float* to = result.data();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c) to[c * rows + r] = from[r * cols + c];
  return result;
}

// gates (steps * batch, 4 hidden) = x W_ih^T + b_ih + b_hh
void input_gates(const LstmShape& s, const LstmWeights& weights, const Tensor& x, float* gates) {
  const int64_t rows = s.steps * s.batch, width = 4 * s.hidden;
  const SignalsBlocked scope;
#pragma omp parallel for schedule(static)
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t j = 0; j < width; ++j) gates[row * width + j] = weights.b_ih.data()[j] + weights.b_hh.data()[j];
  gemm_cpu({.m = rows,
            .n = width,
            .k = s.input,
            .a = x.data(),
            .lda = s.input,
            .b = weights.w_ih.data(),
            .ldb = s.input,
            .transpose_b = true,
            .c = gates,
            .ldc = width,
            .beta = 1.0f});
}

// Turns the gates' sums into their values in place and advances cell and output.
void activate(int64_t hidden, float* gates, const float* previous_cell, float* cell, float* output) {
  float *in = gates, *forget = gates + hidden, *candidate = gates + 2 * hidden, *out = gates + 3 * hidden;
#pragma omp simd
  for (int64_t j = 0; j < hidden; ++j) {
    const LstmCell now =
        lstm_cell(in[j], forget[j], candidate[j], out[j], previous_cell == nullptr ? 0.0f : previous_cell[j]);
    in[j] = now.i, forget[j] = now.f, candidate[j] = now.g, out[j] = now.o;
    cell[j] = now.c;
    output[j] = now.h;
  }
}

// w_hh_t: (hidden, 4 hidden). gates (steps, batch, 4 hidden), cells (steps, batch, hidden) of this direction.
void run_forward(const Task& task, const float* w_hh_t, float* gates, float* cells, float* y) {
  const int64_t h = task.shape.hidden, batch = task.shape.batch, width = task.width();
  float* output = y + task.direction * h;
  for (int64_t step = 0; step < task.shape.steps; ++step) {
    const int64_t row = task.time(step) * batch + task.first;
    const int64_t before = step > 0 ? task.time(step - 1) * batch + task.first : -1;
    if (before >= 0)
      small_gemm(task.count, 4 * h, h, output + before * width, width, w_hh_t, gates + row * 4 * h, 4 * h, 1.0f);
    for (int64_t n = 0; n < task.count; ++n)
      activate(h, gates + (row + n) * 4 * h, before >= 0 ? cells + (before + n) * h : nullptr, cells + (row + n) * h,
               output + (row + n) * width);
  }
}

// One step back for one sequence: dh and dc (gradients of output and cell) give the gradients of the gates' sums;
// dc becomes that of the step before.
void activate_backward(int64_t hidden, const float* gates, const float* previous_cell, const float* cell,
                       const float* dh, float* dc, float* dgates) {
  const float *in = gates, *forget = gates + hidden, *candidate = gates + 2 * hidden, *out = gates + 3 * hidden;
#pragma omp simd
  for (int64_t j = 0; j < hidden; ++j) {
    const float i = in[j], f = forget[j], g = candidate[j], o = out[j], t = tanh_approx(cell[j]);
    const float d = dc[j] + dh[j] * o * (1.0f - t * t);
    dgates[j] = d * g * i * (1.0f - i);
    dgates[hidden + j] = d * (previous_cell == nullptr ? 0.0f : previous_cell[j]) * f * (1.0f - f);
    dgates[2 * hidden + j] = d * i * (1.0f - g * g);
    dgates[3 * hidden + j] = dh[j] * t * o * (1.0f - o);
    dc[j] = d * f;
  }
}

void run_backward(const Task& task, const float* w_hh, const float* gates, const float* cells, const float* dy,
                  float* dgates) {
  const int64_t h = task.shape.hidden, batch = task.shape.batch, width = task.width();
  std::vector<float> dh(static_cast<size_t>(task.count * h)), dc(dh.size(), 0.0f);
  for (int64_t step = task.shape.steps - 1; step >= 0; --step) {
    const int64_t row = task.time(step) * batch + task.first;
    const int64_t before = step > 0 ? task.time(step - 1) * batch + task.first : -1;
    if (step < task.shape.steps - 1) {
      const int64_t after = task.time(step + 1) * batch + task.first;
      small_gemm(task.count, h, 4 * h, dgates + after * 4 * h, 4 * h, w_hh, dh.data(), h, 0.0f);
    }
    for (int64_t n = 0; n < task.count; ++n) {
      const float* from = dy + (row + n) * width + task.direction * h;
      for (int64_t j = 0; j < h; ++j) dh[static_cast<size_t>(n * h + j)] += from[j];
      activate_backward(h, gates + (row + n) * 4 * h, before >= 0 ? cells + (before + n) * h : nullptr,
                        cells + (row + n) * h, dh.data() + n * h, dc.data() + n * h, dgates + (row + n) * 4 * h);
    }
  }
}

// Calls run(task) for every direction and group of sequences, in parallel.
template <class Run>
void for_each_task(const LstmShape& shape, const Run& run) {
  const int64_t groups = (shape.batch + kGroup - 1) / kGroup;
  const SignalsBlocked scope;
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t index = 0; index < shape.directions * groups; ++index) {
    const int64_t first = index % groups * kGroup;
    const SignalsBlocked in_worker;
    run(Task{shape, index / groups, first, std::min(kGroup, shape.batch - first)});
  }
}

// Gradients of one direction's weights from those of its gates' sums.
void weight_gradients(const LstmShape& s, int64_t direction, const Tensor& x, const Tensor& y, const float* dgates,
                      LstmWeights& gradients) {
  const int64_t rows = s.steps * s.batch, gates = 4 * s.hidden, width = s.directions * s.hidden;
  gemm_cpu({.m = gates,
            .n = s.input,
            .k = rows,
            .a = dgates,
            .lda = gates,
            .transpose_a = true,
            .b = x.data(),
            .ldb = s.input,
            .c = gradients.w_ih.data(),
            .ldc = s.input});
  // The output of the step before: one step earlier in time, for the second direction one later.
  const int64_t later = direction == 0 ? s.batch : 0, earlier = s.batch - later;
  gemm_cpu({.m = gates,
            .n = s.hidden,
            .k = rows - s.batch,
            .a = dgates + later * gates,
            .lda = gates,
            .transpose_a = true,
            .b = y.data() + earlier * width + direction * s.hidden,
            .ldb = width,
            .c = gradients.w_hh.data(),
            .ldc = s.hidden});
  std::vector<double> sums(static_cast<size_t>(gates));
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t j = 0; j < gates; ++j) sums[static_cast<size_t>(j)] += dgates[row * gates + j];
  std::copy(sums.begin(), sums.end(), gradients.b_ih.data());
  gradients.b_hh.copy_from(gradients.b_ih);
}

}  // namespace

void lstm_forward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                      std::vector<Tensor>* saved) {
  if (saved == nullptr) {
    std::vector<LstmState> states(weights.size());
    return lstm_infer(weights, x, states, y);
  }
  Tensor gates = Tensor::empty({shape.directions, shape.steps, shape.batch, 4 * shape.hidden});
  Tensor cells = Tensor::empty({shape.directions, shape.steps, shape.batch, shape.hidden});
  std::vector<Tensor> recurrent;
  for (int64_t d = 0; d < shape.directions; ++d) {
    input_gates(shape, weights[static_cast<size_t>(d)], x, gates[d].data());
    recurrent.push_back(transposed(weights[static_cast<size_t>(d)].w_hh));
  }
  for_each_task(shape, [&](const Task& task) {
    run_forward(task, recurrent[static_cast<size_t>(task.direction)].data(), gates[task.direction].data(),
                cells[task.direction].data(), y.data());
  });
  *saved = {gates, cells};
}

void lstm_backward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                       const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                       std::vector<LstmWeights>& gradients) {
  const Tensor &gates = saved.at(0), &cells = saved.at(1);
  Tensor dgates = Tensor::empty(gates.shape());
  for_each_task(shape, [&](const Task& task) {
    run_backward(task, weights[static_cast<size_t>(task.direction)].w_hh.data(), gates[task.direction].data(),
                 cells[task.direction].data(), dy.data(), dgates[task.direction].data());
  });
  const int64_t rows = shape.steps * shape.batch, width = 4 * shape.hidden;
  for (int64_t d = 0; d < shape.directions; ++d) {
    const LstmWeights& own = weights[static_cast<size_t>(d)];
    gemm_cpu({.m = rows,
              .n = shape.input,
              .k = width,
              .a = dgates[d].data(),
              .lda = width,
              .b = own.w_ih.data(),
              .ldb = shape.input,
              .c = dx.data(),
              .ldc = shape.input,
              .beta = d == 0 ? 0.0f : 1.0f});
    weight_gradients(shape, d, x, y, dgates[d].data(), gradients[static_cast<size_t>(d)]);
  }
}

}  // namespace unmix
