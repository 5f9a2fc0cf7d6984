// One LSTM layer, one or two directions, over a whole sequence: oneDNN on the CPU, cuDNN on CUDA. Gates in PyTorch's
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

// x (steps, batch, input) -> y (steps, batch, directions * hidden). `saved` is what backward needs; null in inference.
void lstm_forward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                      std::vector<Tensor>* saved);
void lstm_forward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                       std::vector<Tensor>* saved);

// dy -> dx and the gradients of all weights, overwritten (tensors of the right shape, values ignored). `saved` is
// that of the forward pass and is left as it was.
void lstm_backward_cpu(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                       const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                       std::vector<LstmWeights>& gradients);
void lstm_backward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                        const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                        std::vector<LstmWeights>& gradients);

}  // namespace unmix
