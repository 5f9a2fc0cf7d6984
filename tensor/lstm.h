// One LSTM layer, one or two directions, over a whole sequence (training) or over pieces of one with the state carried
// from piece to piece (inference): our own loops and oneDNN's products on the CPU, cuDNN on CUDA. Gates in PyTorch's
// order i, f, g, o; the state starts at zero.
//   c_t = f c_{t-1} + i g,  h_t = o tanh(c_t),  gates = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/tensor.h"

namespace unmix {

struct LstmShape {
  int64_t steps, batch, input, hidden;
  int directions;  // 1, or 2: the second reads the sequence backwards
  bool operator==(const LstmShape&) const = default;
};

// Of one direction: W_ih (4 hidden, input), W_hh (4 hidden, hidden), b_ih and b_hh (4 hidden).
struct LstmWeights {
  Tensor w_ih, w_hh, b_ih, b_hh;
};

// The shape of x (steps, batch, input) and of the weights of one or two directions; throws where they do not fit.
LstmShape lstm_shape(const Tensor& x, const std::vector<LstmWeights>& weights);

// x (steps, batch, input) -> y (steps, batch, directions * hidden). `saved` is what backward needs; null in inference.
void lstm_forward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                      std::vector<Tensor>* saved);
void lstm_forward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                       std::vector<Tensor>* saved);

// dy -> dx and the gradients of all weights, overwritten (tensors of the right shape, values ignored). `saved` is
// that of the forward pass; what its tensors hold is used up, on CUDA.
void lstm_backward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                       const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                       std::vector<LstmWeights>& gradients);
void lstm_backward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                        const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                        std::vector<LstmWeights>& gradients);

// ---- inference ----------------------------------------------------------------------------------------------------

// Of one direction: h and c (batch, hidden) after the last step read; undefined tensors stand for zeros.
struct LstmState {
  Tensor h, c;
};

// One direction over a piece of a sequence.
struct LstmPiece {
  LstmWeights weights;
  Tensor x;          // (steps, batch, input)
  bool reverse;      // reads from the last step to the first, with the state of the piece after this one in time
  LstmState* state;  // replaced by the state after the last step read
  Tensor y;          // (steps, batch, width), of which columns column .. column + hidden are written
  int64_t column = 0;
};

// Runs pieces that do not wait for each other: directions of one layer, layers of several networks. On the CPU they run
// side by side, and the results do not depend on what runs beside them. All tensors on one device; throws where shapes
// do not fit.
void lstm_pieces(const std::vector<LstmPiece>& pieces);
void lstm_pieces_cpu(const std::vector<LstmPiece>& pieces);
void lstm_pieces_cuda(const std::vector<LstmPiece>& pieces);

// One layer over a sequence of any length: x (steps, batch, input) -> y (steps, batch, directions * hidden). Reads it
// in pieces of about a thousand rows, so that beside x and y it needs memory for a piece only. `states` has one state
// per direction; that of the first direction goes on where the sequence ends.
void lstm_infer(const std::vector<LstmWeights>& weights, const Tensor& x, std::vector<LstmState>& states, Tensor& y);

}  // namespace unmix
