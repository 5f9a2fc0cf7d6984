// One LSTM layer behind the stand-in of cuDNN's RNN, written out in double from the formulas:
//   i, f, o = sigmoid(a), g = tanh(a), a = W x_t + R h_{t-1} + b,  c_t = f c_{t-1} + i g,  h_t = o tanh(c_t)
// Direction 1 reads each sequence from its own last step to its first. All data here is dense and on the host.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/cudasim/library.h"

namespace cudasim {

using Floats = std::vector<float>;

// The steps of a batch of sequences, the padding left out, in rows: all of step 0, then all of step 1, ...
struct LstmSizes {
  LstmSizes(int input, int hidden, int directions, const std::vector<int>& lengths, Rounding rounding);

  int64_t input, hidden, directions, batch, longest = 0, rows = 0;
  std::vector<int> lengths;
  Rounding rounding;

  int64_t row(int64_t t, int64_t b) const { return rows_[static_cast<size_t>(t * batch + b)]; }
  // The step of sequence b that a direction meets as its `order`-th.
  int64_t step(int direction, int64_t order, int64_t b) const {
    return direction == 0 ? order : lengths[static_cast<size_t>(b)] - 1 - order;
  }
  bool has(int64_t order, int64_t b) const { return order < lengths[static_cast<size_t>(b)]; }

 private:
  std::vector<int64_t> rows_;  // by step and sequence
};

// Of one direction, gates in the order i, f, g, o: W (4 hidden, input), R (4 hidden, hidden), the two biases' sum.
struct LstmParameters {
  Floats input, recurrent, bias;
};

// What is kept for the backward pass, by direction: gates (rows, 4 hidden), later their gradients before the
// nonlinearities; cells (rows, hidden).
struct LstmTape {
  Floats gates, cells;
};

// The states (directions, batch, hidden) before the first step, after the last, or their gradients. Empty: zeros.
struct LstmState {
  Floats h, c;
};

// x (rows, input) -> y (rows, directions * hidden), of which the direction writes its half.
void lstm_forward(const LstmSizes& s, int direction, const LstmParameters& w, const Floats& x, const LstmState& first,
                  Floats& y, LstmTape& tape, LstmState& last);

// Turns the gates of the tape into their gradients, adds to dx (rows, input), and takes `state` from the gradient of
// the last state to that of the first.
void lstm_backward_data(const LstmSizes& s, int direction, const LstmParameters& w, const Floats& dy,
                        const Floats& first_c, LstmTape& tape, LstmState& state, std::vector<double>& dx);

// The gradients of W, R and of each bias, from the gates' gradients.
struct LstmGradients {
  std::vector<double> input, recurrent, bias;
};
LstmGradients lstm_backward_weights(const LstmSizes& s, int direction, const Floats& gate_gradients, const Floats& x,
                                    const Floats& y, const Floats& first_h);

}  // namespace cudasim
