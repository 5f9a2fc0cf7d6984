// For the tests of the stand-in of cuDNN's RNN: one problem with its descriptors and buffers, and the same layer
// written out plainly, sequence by sequence.
#pragma once

#include <cudnn.h>

#include <array>
#include <memory>

#include "tests/cudasim/library_helpers.h"

namespace cudasim {

using Doubles = std::vector<double>;

// By linear layer, 0 to 7; of one direction.
struct PlainWeights {
  std::array<Doubles, 8> matrix, bias;
};

// Sequences (batch, steps, input) with lengths; states (directions, batch, hidden).
struct PlainLstm {
  int input, hidden, directions;
  std::vector<int> lengths;
  std::vector<PlainWeights> weights;
  Doubles x, hx, cx;

  struct Result {
    Doubles y, hy, cy;  // y (batch, steps, directions * hidden), zeros beyond the lengths
  };
  Result run() const;
};

struct RnnOptions {
  int input = 2, hidden = 3;
  bool bidirectional = true;
  std::vector<int> lengths{4, 3, 1};
  cudnnRNNDataLayout_t layout = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  cudnnRNNBiasMode_t bias = CUDNN_RNN_DOUBLE_BIAS;
};

// Random weights, inputs and states; `plain` holds the same values.
class RnnProblem {
 public:
  explicit RnnProblem(const RnnOptions& options);
  ~RnnProblem();
  RnnProblem(const RnnProblem&) = delete;
  RnnProblem& operator=(const RnnProblem&) = delete;

  cudnnStatus_t forward(bool training = true);
  cudnnStatus_t backward_data();
  cudnnStatus_t backward_weights(cudnnWgradMode_t mode = CUDNN_WGRAD_MODE_ADD);

  // From the order of the caller's buffer to (batch, steps, width), zeros beyond the lengths; and back, with NaN there.
  Doubles unpacked(const std::vector<float>& values, int width) const;
  std::vector<float> packed(const Doubles& values, int width) const;

  // Where a parameter lies in the weight space, in floats; -1: left out.
  int64_t matrix_place(int direction, int layer) const { return place(direction, layer, false); }
  int64_t bias_place(int direction, int layer) const { return place(direction, layer, true); }

  RnnOptions options;
  PlainLstm plain;
  int steps, batch, directions, width;  // width: of y
  cudnnHandle_t handle = nullptr;
  cudnnDropoutDescriptor_t dropout = nullptr;
  cudnnRNNDescriptor_t rnn = nullptr;
  cudnnRNNDataDescriptor_t x_desc = nullptr, y_desc = nullptr;
  cudnnTensorDescriptor_t state_desc = nullptr;
  size_t weight_bytes = 0, work_bytes = 0, reserve_bytes = 0;
  std::vector<float> weight_values;
  std::unique_ptr<DeviceFloats> weights, x, y, dy, dx, hx, cx, hy, cy, dhy, dcy, dhx, dcx, gradients, work, reserve;

 private:
  int64_t place(int direction, int layer, bool bias) const;
  int64_t row(int b, int t) const;
  size_t rows() const;
  void make_descriptors();
  void fill_weights();
};

}  // namespace cudasim
