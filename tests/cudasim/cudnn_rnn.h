// Sizes and places of the buffers of cuDNN's RNN, as far as it is in use: one LSTM layer of float32, one or two
// directions, no projection.
#pragma once

#include <array>

#include "tests/cudasim/cudnn_types.h"
#include "tests/cudasim/lstm.h"

namespace cudasim {

// Where the parameters lie in the weight space, in floats; -1: a bias that the mode leaves out. "Linear layers" 0 to 3
// multiply the input and 4 to 7 the state, each in the order i, f, g, o. Between any two lies a gap: what cuDNN does
// not promise must not be relied upon.
struct WeightPlaces {
  explicit WeightPlaces(const cudnnRNNStruct& rnn);
  struct Direction {
    std::array<int64_t, 8> matrix, bias;
  };
  std::vector<Direction> directions;
  int64_t floats = 0;
};

constexpr int64_t kReserveHeader = 32;  // floats of the reserve space before what the backward pass needs

struct RnnBytes {
  size_t weights, inference_work, training_work, reserve;
};
RnnBytes rnn_bytes(const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x);

// Checks descriptors that belong together: of the RNN, of its input, of its output and of its states.
cudnnStatus_t check_rnn(const char* call, cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x,
                        cudnnRNNDataDescriptor_t y, cudnnTensorDescriptor_t h, cudnnTensorDescriptor_t c);
cudnnStatus_t check_input(const char* call, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x);

}  // namespace cudasim
