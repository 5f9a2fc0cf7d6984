#include "tensor/lstm.h"

#include "tensor/cuda_libraries.h"
#include "tensor/group_limits.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

using RnnDescriptor = Owned<cudnnRNNDescriptor_t, cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor>;
using RnnDataDescriptor = Owned<cudnnRNNDataDescriptor_t, cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor>;
using DropoutDescriptor = Owned<cudnnDropoutDescriptor_t, cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor>;

// Where the gates of one direction begin in cuDNN's weight space, in floats: its "linear layers" 0 to 3 multiply the
// input and 4 to 7 the state, each in the order i, f, g, o.
struct GateOffsets {
  int64_t matrix[8], bias[8];
};

// Pairs the elements of a direction's four tensors with their places in cuDNN's weight space. Taken row by row: the
// row's part of W_ih, of W_hh, of b_ih and of b_hh.
struct WeightPlaces {
  float *w_ih, *w_hh, *b_ih, *b_hh, *space;
  int64_t input, hidden;
  GateOffsets offsets;

  int64_t count() const { return 4 * hidden * (input + hidden + 2); }

  HD void find(int64_t i, float*& tensor, float*& packed) const {
    const int64_t row = i / (input + hidden + 2), column = i % (input + hidden + 2);
    const int64_t gate = row / hidden, unit = row % hidden;
    if (column < input) {
      tensor = w_ih + row * input + column;
      packed = space + offsets.matrix[gate] + unit * input + column;
    } else if (column < input + hidden) {
      tensor = w_hh + row * hidden + column - input;
      packed = space + offsets.matrix[4 + gate] + unit * hidden + column - input;
    } else if (column == input + hidden) {
      tensor = b_ih + row;
      packed = space + offsets.bias[gate] + unit;
    } else {
      tensor = b_hh + row;
      packed = space + offsets.bias[4 + gate] + unit;
    }
  }
};

struct PackWeights {
  WeightPlaces places;
  HD void operator()(int64_t i) const {
    float *tensor = nullptr, *packed = nullptr;
    places.find(i, tensor, packed);
    *packed = *tensor;
  }
};

struct UnpackWeights {
  WeightPlaces places;
  HD void operator()(int64_t i) const {
    float *tensor = nullptr, *packed = nullptr;
    places.find(i, tensor, packed);
    *tensor = *packed;
  }
};

using PlanKey = std::pair<LstmShape, Precision>;

class LstmPlan {
 public:
  explicit LstmPlan(const PlanKey& key);

  WeightPlaces places(int direction, LstmWeights weights, float* space) const {
    return {weights.w_ih.data(),
            weights.w_hh.data(),
            weights.b_ih.data(),
            weights.b_hh.data(),
            space,
            shape.input,
            shape.hidden,
            offsets[static_cast<size_t>(direction)]};
  }

  LstmShape shape;
  DropoutDescriptor dropout;  // none; cuDNN wants one
  RnnDescriptor rnn;
  RnnDataDescriptor x, y;
  TensorDescriptor state;
  size_t weight_bytes = 0, inference_bytes = 0, training_bytes = 0, reserve_bytes = 0;
  std::vector<GateOffsets> offsets;  // by direction

 private:
  void set_data(cudnnRNNDataDescriptor_t desc, int64_t width) const;
  GateOffsets find_offsets(int direction, const float* space) const;
};

LstmPlan::LstmPlan(const PlanKey& key) : shape(key.first) {
  check(shape.steps <= group_limits().lstm_steps, "lstm",
        "a sequence of {} steps is too long to train on: cuDNN takes {}; shorter excerpts have fewer", shape.steps,
        group_limits().lstm_steps);
  const cudnnHandle_t handle = cudnn_handle();
  const int input = int_of(shape.input), hidden = int_of(shape.hidden);
  UNMIX_CUDNN_CHECK(cudnnSetDropoutDescriptor(dropout, handle, 0.0f, nullptr, 0, 0));
  UNMIX_CUDNN_CHECK(cudnnSetRNNDescriptor_v8(rnn, CUDNN_RNN_ALGO_STANDARD, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS,
                                             shape.directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                             CUDNN_LINEAR_INPUT, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, cudnn_math(),
                                             input, hidden, hidden, 1, dropout, CUDNN_RNN_PADDED_IO_DISABLED));
  set_data(x, shape.input);
  set_data(y, shape.directions * shape.hidden);
  const int batch = int_of(shape.batch);
  const int dims[] = {shape.directions, batch, hidden}, strides[] = {batch * hidden, hidden, 1};
  UNMIX_CUDNN_CHECK(cudnnSetTensorNdDescriptor(state, CUDNN_DATA_FLOAT, 3, dims, strides));
  UNMIX_CUDNN_CHECK(cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_INFERENCE, x, &inference_bytes, nullptr));
  UNMIX_CUDNN_CHECK(
      cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_TRAINING, x, &training_bytes, &reserve_bytes));
  UNMIX_CUDNN_CHECK(cudnnGetRNNWeightSpaceSize(handle, rnn, &weight_bytes));
  const Workspace space(weight_bytes);
  for (int direction = 0; direction < shape.directions; ++direction)
    offsets.push_back(find_offsets(direction, space.data()));
}

// Sequences of one length, one time step after another: with equal lengths the packed layout is (steps, batch, width).
void LstmPlan::set_data(cudnnRNNDataDescriptor_t desc, int64_t width) const {
  const std::vector<int> lengths(static_cast<size_t>(shape.batch), int_of(shape.steps));
  UNMIX_CUDNN_CHECK(cudnnSetRNNDataDescriptor(desc, CUDNN_DATA_FLOAT, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED,
                                              int_of(shape.steps), int_of(shape.batch), int_of(width), lengths.data(),
                                              nullptr));
}

GateOffsets LstmPlan::find_offsets(int direction, const float* space) const {
  const TensorDescriptor matrix_desc, bias_desc;
  GateOffsets result{};
  for (int layer = 0; layer < 8; ++layer) {
    void *matrix = nullptr, *bias = nullptr;
    UNMIX_CUDNN_CHECK(cudnnGetRNNWeightParams(cudnn_handle(), rnn, direction, weight_bytes, space, layer, matrix_desc,
                                              &matrix, bias_desc, &bias));
    result.matrix[layer] = static_cast<float*>(matrix) - space;
    result.bias[layer] = static_cast<float*>(bias) - space;
  }
  return result;
}

LstmPlan& plan_for(const LstmShape& shape) { return cached_plan<LstmPlan>(PlanKey{shape, precision()}); }

// A weight space of zeros: what lies between the gates is then defined too.
Workspace weight_space(const LstmPlan& plan) {
  Workspace space(plan.weight_bytes);
  UNMIX_CUDA_CHECK(cudaMemsetAsync(space.data(), 0, space.bytes(), current_stream()));
  return space;
}

Workspace packed(const LstmPlan& plan, const std::vector<LstmWeights>& weights) {
  Workspace space = weight_space(plan);
  for (int d = 0; d < plan.shape.directions; ++d) {
    const WeightPlaces places = plan.places(d, weights[static_cast<size_t>(d)], space.data());
    parallel_for(Device::cuda, places.count(), PackWeights{places});
  }
  return space;
}

// Moves (steps, batch, width) into the columns from `column` on of (steps, batch, to_width), perhaps back to front.
struct MoveSteps {
  const float* from;
  float* to;
  int64_t steps, batch, width, to_width, column;
  bool mirror;
  HD void operator()(int64_t row, int64_t j) const {
    const int64_t step = row / batch, target = (mirror ? steps - 1 - step : step) * batch + row % batch;
    to[target * to_width + column + j] = from[row * width + j];
  }
};

void move_steps(const Tensor& from, Tensor to, int64_t column, bool mirror) {
  const int64_t steps = from.dim(0), batch = from.dim(1), width = from.dim(2);
  parallel_for(Device::cuda, steps * batch, width,
               MoveSteps{from.data(), to.data(), steps, batch, width, to.dim(2), column, mirror});
}

// cuDNN reads forwards only and writes outputs side by side: mirrored ones, and columns of wider rows, are moved.
void run_piece(const LstmPiece& piece) {
  const LstmShape s = lstm_shape(piece.x, {piece.weights});
  const LstmPlan& plan = plan_for(s);
  const Workspace space = packed(plan, {piece.weights}), work(plan.inference_bytes);
  Tensor x = piece.x, y = piece.y;
  if (piece.reverse) {
    x = Tensor::empty(x.shape(), Device::cuda);
    move_steps(piece.x, x, 0, true);
  }
  const bool direct = !piece.reverse && y.dim(2) == s.hidden;
  if (!direct) y = Tensor::empty({s.steps, s.batch, s.hidden}, Device::cuda);
  LstmState& state = *piece.state;
  LstmState next{Tensor::empty({s.batch, s.hidden}, Device::cuda), Tensor::empty({s.batch, s.hidden}, Device::cuda)};
  UNMIX_CUDNN_CHECK(cudnnRNNForward(cudnn_handle(), plan.rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, plan.x, x.data(),
                                    plan.y, y.data(), plan.state, state.h.data(), next.h.data(), plan.state,
                                    state.c.data(), next.c.data(), space.bytes(), space.data(), work.bytes(),
                                    work.data(), 0, nullptr));
  if (!direct) move_steps(y, piece.y, piece.column, piece.reverse);
  state = next;
}

}  // namespace

void lstm_pieces_cuda(const std::vector<LstmPiece>& pieces) {
  for (const LstmPiece& piece : pieces) run_piece(piece);
}

// No sequence lengths on the device (since cuDNN 8.9.1 those of the descriptors count), no initial and final states.
void lstm_forward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                       std::vector<Tensor>* saved) {
  const bool training = saved != nullptr;
  if (!training && shape.steps > group_limits().lstm_steps) {
    std::vector<LstmState> states(weights.size());
    return lstm_infer(weights, x, states, y);
  }
  const LstmPlan& plan = plan_for(shape);
  const Workspace space = packed(plan, weights);
  const Workspace work(training ? plan.training_bytes : plan.inference_bytes);
  Tensor reserve;
  if (training) {
    reserve = Tensor::empty({static_cast<int64_t>((plan.reserve_bytes + 3) / 4)}, Device::cuda);
    *saved = {reserve};
  }
  UNMIX_CUDNN_CHECK(cudnnRNNForward(
      cudnn_handle(), plan.rnn, training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE, nullptr, plan.x,
      x.data(), plan.y, y.data(), plan.state, nullptr, nullptr, plan.state, nullptr, nullptr, space.bytes(),
      space.data(), work.bytes(), work.data(), training ? plan.reserve_bytes : 0, training ? reserve.data() : nullptr));
}

void lstm_backward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                        const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                        std::vector<LstmWeights>& gradients) {
  const LstmPlan& plan = plan_for(shape);
  const cudnnHandle_t handle = cudnn_handle();
  const Workspace space = packed(plan, weights), work(plan.training_bytes);
  Tensor reserve = saved.at(0);  // backward data leaves the gates' gradients there, for backward weights
  UNMIX_CUDNN_CHECK(cudnnRNNBackwardData_v8(handle, plan.rnn, nullptr, plan.y, y.data(), dy.data(), plan.x, dx.data(),
                                            plan.state, nullptr, nullptr, nullptr, plan.state, nullptr, nullptr,
                                            nullptr, space.bytes(), space.data(), work.bytes(), work.data(),
                                            plan.reserve_bytes, reserve.data()));
  const Workspace sums = weight_space(plan);  // backward weights adds
  UNMIX_CUDNN_CHECK(cudnnRNNBackwardWeights_v8(handle, plan.rnn, CUDNN_WGRAD_MODE_ADD, nullptr, plan.x, x.data(),
                                               plan.state, nullptr, plan.y, y.data(), sums.bytes(), sums.data(),
                                               work.bytes(), work.data(), plan.reserve_bytes, reserve.data()));
  for (int d = 0; d < shape.directions; ++d) {
    const WeightPlaces places = plan.places(d, gradients[static_cast<size_t>(d)], sums.data());
    parallel_for(Device::cuda, places.count(), UnpackWeights{places});
  }
}

}  // namespace unmix
