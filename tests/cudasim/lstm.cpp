#include "tests/cudasim/lstm.h"

#include <algorithm>
#include <cmath>

namespace cudasim {
namespace {

using Doubles = std::vector<double>;

double sigmoid(double a) { return 1.0 / (1.0 + std::exp(-a)); }

size_t at(int64_t i) { return static_cast<size_t>(i); }

// The part of a state that belongs to one direction.
Doubles part(const LstmSizes& s, int direction, const Floats& state) {
  const int64_t count = s.batch * s.hidden;
  if (state.empty()) return Doubles(at(count), 0.0);
  return {state.begin() + direction * count, state.begin() + (direction + 1) * count};
}

void put(const LstmSizes& s, int direction, const Doubles& values, Floats& state) {
  const int64_t count = s.batch * s.hidden;
  state.resize(at(s.directions * count));
  std::transform(values.begin(), values.end(), state.begin() + direction * count,
                 [](double value) { return static_cast<float>(value); });
}

// The gradients of one cell's gates before the nonlinearities, from dh and dc; leaves in dc that of the cell before.
void cell_backward(int64_t hidden, double cell, double cell_before, double dh, double& dc, float* gates,
                   double* gradients) {
  const double i = static_cast<double>(gates[0]), f = static_cast<double>(gates[hidden]);
  const double g = static_cast<double>(gates[2 * hidden]), o = static_cast<double>(gates[3 * hidden]);
  const double squashed = std::tanh(cell);
  const double through = dc + dh * o * (1.0 - squashed * squashed);
  gradients[0] = through * g * i * (1.0 - i);
  gradients[hidden] = through * cell_before * f * (1.0 - f);
  gradients[2 * hidden] = through * i * (1.0 - g * g);
  gradients[3 * hidden] = dh * squashed * o * (1.0 - o);
  for (int64_t gate = 0; gate < 4; ++gate) gates[gate * hidden] = static_cast<float>(gradients[gate * hidden]);
  dc = through * f;
}

}  // namespace

LstmSizes::LstmSizes(int input_, int hidden_, int directions_, const std::vector<int>& lengths_, Rounding rounding_)
    : input(input_),
      hidden(hidden_),
      directions(directions_),
      batch(static_cast<int64_t>(lengths_.size())),
      lengths(lengths_),
      rounding(rounding_) {
  longest = *std::max_element(lengths.begin(), lengths.end());
  rows_.assign(at(longest * batch), -1);
  for (int64_t t = 0; t < longest; ++t)
    for (int64_t b = 0; b < batch; ++b)
      if (has(t, b)) rows_[at(t * batch + b)] = rows++;
}

void lstm_forward(const LstmSizes& s, int direction, const LstmParameters& w, const Floats& x, const LstmState& first,
                  Floats& y, LstmTape& tape, LstmState& last) {
  const int64_t n = s.hidden;
  Doubles h = part(s, direction, first.h), c = part(s, direction, first.c);
  Doubles from_input(at(s.rows * 4 * n), 0.0), from_state(at(s.batch * 4 * n));
  Factor(s.input, 4 * n, View<float>{w.input.data(), 1, s.input}, s.rounding)
      .multiply(s.rows, View<float>{x.data(), s.input, 1}, from_input.data());
  const Factor recurrent(n, 4 * n, View<float>{w.recurrent.data(), 1, n}, s.rounding);
  tape.gates.resize(at(s.rows * 4 * n));
  tape.cells.resize(at(s.rows * n));
  for (int64_t order = 0; order < s.longest; ++order) {
    std::fill(from_state.begin(), from_state.end(), 0.0);
    recurrent.multiply(s.batch, View<double>{h.data(), n, 1}, from_state.data());
    for (int64_t b = 0; b < s.batch; ++b) {
      if (!s.has(order, b)) continue;
      const int64_t row = s.row(s.step(direction, order, b), b);
      const auto before = [&](int64_t unit) {
        return from_input[at(row * 4 * n + unit)] + from_state[at(b * 4 * n + unit)] +
               static_cast<double>(w.bias[at(unit)]);
      };
      for (int64_t j = 0; j < n; ++j) {
        const double gates[] = {sigmoid(before(j)), sigmoid(before(n + j)), std::tanh(before(2 * n + j)),
                                sigmoid(before(3 * n + j))};
        double& cell = c[at(b * n + j)];
        cell = gates[1] * cell + gates[0] * gates[2];
        h[at(b * n + j)] = gates[3] * std::tanh(cell);
        for (int64_t gate = 0; gate < 4; ++gate)
          tape.gates[at((row * 4 + gate) * n + j)] = static_cast<float>(gates[gate]);
        tape.cells[at(row * n + j)] = static_cast<float>(cell);
        y[at((row * s.directions + direction) * n + j)] = static_cast<float>(h[at(b * n + j)]);
      }
    }
  }
  put(s, direction, h, last.h);
  put(s, direction, c, last.c);
}

void lstm_backward_data(const LstmSizes& s, int direction, const LstmParameters& w, const Floats& dy,
                        const Floats& first_c, LstmTape& tape, LstmState& state, std::vector<double>& dx) {
  const int64_t n = s.hidden;
  const Doubles c0 = part(s, direction, first_c);
  Doubles dh = part(s, direction, state.h), dc = part(s, direction, state.c);
  Doubles gradients(at(s.batch * 4 * n)), earlier(at(s.batch * n));
  const Factor recurrent(4 * n, n, View<float>{w.recurrent.data(), n, 1}, s.rounding);
  for (int64_t order = s.longest - 1; order >= 0; --order) {
    std::fill(gradients.begin(), gradients.end(), 0.0);
    std::fill(earlier.begin(), earlier.end(), 0.0);
    for (int64_t b = 0; b < s.batch; ++b) {
      if (!s.has(order, b)) continue;
      const int64_t row = s.row(s.step(direction, order, b), b);
      const int64_t row_before = order == 0 ? -1 : s.row(s.step(direction, order - 1, b), b);
      for (int64_t j = 0; j < n; ++j) {
        const double before = order == 0 ? c0[at(b * n + j)] : static_cast<double>(tape.cells[at(row_before * n + j)]);
        const double total = dh[at(b * n + j)] + static_cast<double>(dy[at((row * s.directions + direction) * n + j)]);
        cell_backward(n, static_cast<double>(tape.cells[at(row * n + j)]), before, total, dc[at(b * n + j)],
                      &tape.gates[at(row * 4 * n + j)], &gradients[at(b * 4 * n + j)]);
      }
    }
    recurrent.multiply(s.batch, View<double>{gradients.data(), 4 * n, 1}, earlier.data());
    for (int64_t b = 0; b < s.batch; ++b)
      if (s.has(order, b)) std::copy_n(earlier.begin() + b * n, n, dh.begin() + b * n);
  }
  put(s, direction, dh, state.h);
  put(s, direction, dc, state.c);
  Factor(4 * n, s.input, View<float>{w.input.data(), s.input, 1}, s.rounding)
      .multiply(s.rows, View<float>{tape.gates.data(), 4 * n, 1}, dx.data());
}

LstmGradients lstm_backward_weights(const LstmSizes& s, int direction, const Floats& gate_gradients, const Floats& x,
                                    const Floats& y, const Floats& first_h) {
  const int64_t n = s.hidden;
  const Doubles h0 = part(s, direction, first_h);
  Floats before(at(s.rows * n));
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t order = 0; s.has(order, b); ++order) {
      const int64_t row = s.row(s.step(direction, order, b), b);
      const int64_t row_before = order == 0 ? -1 : s.row(s.step(direction, order - 1, b), b);
      for (int64_t j = 0; j < n; ++j)
        before[at(row * n + j)] =
            order == 0 ? static_cast<float>(h0[at(b * n + j)]) : y[at((row_before * s.directions + direction) * n + j)];
    }
  }
  LstmGradients result{Doubles(at(4 * n * s.input), 0.0), Doubles(at(4 * n * n), 0.0), Doubles(at(4 * n), 0.0)};
  const View<float> gates{gate_gradients.data(), 1, 4 * n};
  Factor(s.rows, s.input, View<float>{x.data(), s.input, 1}, s.rounding).multiply(4 * n, gates, result.input.data());
  Factor(s.rows, n, View<float>{before.data(), n, 1}, s.rounding).multiply(4 * n, gates, result.recurrent.data());
  for (int64_t row = 0; row < s.rows; ++row)
    for (int64_t unit = 0; unit < 4 * n; ++unit)
      result.bias[at(unit)] += static_cast<double>(gate_gradients[at(row * 4 * n + unit)]);
  return result;
}

}  // namespace cudasim
