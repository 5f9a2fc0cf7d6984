#include "tensor/lstm.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "tensor/cuda_libraries.h"
#include "tensor/group_limits.h"
#include "tensor/launch.h"
#include "tensor/lstm_engine.h"

namespace unmix {
namespace {

// cuDNN does not run a problem with an algorithm: it does not support it on this GPU, or its kernel was not launched.
struct Refusal {
  const char* call;
  std::string reason;
  int line;
};

void check_rnn(cudnnStatus_t status, const char* call, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const int kind = CUDNN_STATUS_CATEGORY(static_cast<int>(status));
  if (kind == CUDNN_STATUS_NOT_SUPPORTED || kind == CUDNN_STATUS_EXECUTION_FAILED)
    throw Refusal{call, failure_text(status), line};
  library_failure("cudnn", call, failure_text(status), __FILE__, line);
}
#define UNMIX_RNN_CHECK(call) check_rnn(call, #call, __LINE__)

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
  Divider units;  // hidden
  GateOffsets offsets;

  int64_t rows() const { return 4 * hidden; }
  int64_t columns() const { return input + hidden + 2; }

  HD void find(int64_t row, int64_t column, float*& tensor, float*& packed) const {
    const int64_t gate = units.quotient(row), unit = row - gate * hidden;
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
  HD void operator()(int64_t row, int64_t column) const {
    float *tensor = nullptr, *packed = nullptr;
    places.find(row, column, tensor, packed);
    *packed = *tensor;
  }
};

struct UnpackWeights {
  WeightPlaces places;
  HD void operator()(int64_t row, int64_t column) const {
    float *tensor = nullptr, *packed = nullptr;
    places.find(row, column, tensor, packed);
    *tensor = *packed;
  }
};

using PlanKey = std::tuple<LstmShape, Precision, LstmEngine>;  // an engine that is not automatic

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
            Divider(shape.hidden),
            offsets[static_cast<size_t>(direction)]};
  }

  LstmShape shape;
  LstmEngine engine;
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

LstmPlan::LstmPlan(const PlanKey& key) : shape(std::get<LstmShape>(key)), engine(std::get<LstmEngine>(key)) {
  check(shape.steps <= group_limits().lstm_steps, "lstm",
        "a sequence of {} steps is too long to train on: cuDNN takes {}; shorter excerpts have fewer", shape.steps,
        group_limits().lstm_steps);
  const cudnnHandle_t handle = cudnn_handle();
  const int input = int_of(shape.input), hidden = int_of(shape.hidden);
  UNMIX_CUDNN_CHECK(cudnnSetDropoutDescriptor(dropout, handle, 0.0f, nullptr, 0, 0));
  const auto algorithm = engine == LstmEngine::persistent ? CUDNN_RNN_ALGO_PERSIST_STATIC : CUDNN_RNN_ALGO_STANDARD;
  UNMIX_RNN_CHECK(cudnnSetRNNDescriptor_v8(rnn, algorithm, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS,
                                           shape.directions == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                           CUDNN_LINEAR_INPUT, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, cudnn_math(), input,
                                           hidden, hidden, 1, dropout, CUDNN_RNN_PADDED_IO_DISABLED));
  set_data(x, shape.input);
  set_data(y, shape.directions * shape.hidden);
  const int batch = int_of(shape.batch);
  const int dims[] = {shape.directions, batch, hidden}, strides[] = {batch * hidden, hidden, 1};
  UNMIX_CUDNN_CHECK(cudnnSetTensorNdDescriptor(state, CUDNN_DATA_FLOAT, 3, dims, strides));
  UNMIX_RNN_CHECK(cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_INFERENCE, x, &inference_bytes, nullptr));
  UNMIX_RNN_CHECK(cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_TRAINING, x, &training_bytes, &reserve_bytes));
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

// ---- Engines ------------------------------------------------------------------------------------------------------

// What does not suit an engine, whatever the number of steps: (input, hidden, batch, directions).
using Problem = std::tuple<int64_t, int64_t, int64_t, int>;

Problem problem_of(const LstmShape& s) { return {s.input, s.hidden, s.batch, s.directions}; }

// Those that the device's cuDNN has refused to run persistently.
struct Refused : std::set<Problem> {};

// Whether cuDNN 9 has persistent kernels of float32 for the hidden size, by the symbols of its library. A larger batch
// suits the standard algorithm's products.
bool has_persistent_kernels(const LstmShape& s) {
  constexpr int64_t kHidden[] = {256, 512, 768, 896, 1024, 1280, 1536}, kMostSequences = 32;
  int major = 0;
  UNMIX_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, current_cuda_device()));
  return (major == 8 || major == 9) && s.batch <= kMostSequences &&
         std::ranges::find(kHidden, s.hidden) != std::end(kHidden);
}

// The choice follows a rule, never a time that was taken: the same run has the same bits each time.
LstmEngine engine_for(const LstmShape& shape) {
  if (per_device<Refused>().contains(problem_of(shape))) return LstmEngine::standard;
  if (lstm_engine() != LstmEngine::automatic) return lstm_engine();
  return has_persistent_kernels(shape) ? LstmEngine::persistent : LstmEngine::standard;
}

void refuse(const LstmShape& s, LstmEngine engine, const Refusal& refusal) {
  if (engine == LstmEngine::standard) library_failure("cudnn", refusal.call, refusal.reason, __FILE__, refusal.line);
  if (!per_device<Refused>().insert(problem_of(s)).second) return;
  fmt::print(stderr,
             "unmix: warning: cuDNN does not run its persistent LSTM of {} units, {} directions and {} sequences here; "
             "the standard one runs, which is slower ({})\n",
             s.hidden, s.directions, s.batch, refusal.reason);
}

// Calls run(plan), with the plan of the next engine where one is refused; -> the engine that ran.
template <class Run>
LstmEngine run_with_engine(const LstmShape& shape, const Run& run) {
  for (;;) {
    const LstmEngine engine = engine_for(shape);
    try {
      run(cached_plan<LstmPlan>(PlanKey{shape, precision(), engine}));
      note_lstm_engine(engine);
      return engine;
    } catch (const Refusal& refusal) {
      refuse(shape, engine, refusal);
    }
  }
}

// ---- Forward and backward -----------------------------------------------------------------------------------------

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
    parallel_for(Device::cuda, places.rows(), places.columns(), PackWeights{places});
  }
  return space;
}

// Moves (steps, batch, width) into the columns from `column` on of (steps, batch, to_width), perhaps back to front.
struct MoveSteps {
  const float* from;
  float* to;
  int64_t steps;
  Divider batch;
  int64_t width, to_width, column;
  bool mirror;
  HD void operator()(int64_t row, int64_t j) const {
    const int64_t step = batch.quotient(row), target = row + (mirror ? steps - 1 - 2 * step : 0) * batch.divisor();
    to[target * to_width + column + j] = from[row * width + j];
  }
};

void move_steps(const Tensor& from, Tensor to, int64_t column, bool mirror) {
  const int64_t steps = from.dim(0), batch = from.dim(1), width = from.dim(2);
  parallel_for(Device::cuda, steps * batch, width,
               MoveSteps{from.data(), to.data(), steps, Divider(batch), width, to.dim(2), column, mirror});
}

// cuDNN reads forwards only and writes outputs side by side: mirrored ones, and columns of wider rows, are moved.
void run_piece(const LstmPiece& piece) {
  const LstmShape s = lstm_shape(piece.x, {piece.weights});
  Tensor x = piece.x, y = piece.y;
  if (piece.reverse) {
    x = Tensor::empty(x.shape(), Device::cuda);
    move_steps(piece.x, x, 0, true);
  }
  const bool direct = !piece.reverse && y.dim(2) == s.hidden;
  if (!direct) y = Tensor::empty({s.steps, s.batch, s.hidden}, Device::cuda);
  LstmState& state = *piece.state;
  LstmState next{Tensor::empty({s.batch, s.hidden}, Device::cuda), Tensor::empty({s.batch, s.hidden}, Device::cuda)};
  run_with_engine(s, [&](const LstmPlan& plan) {
    const Workspace space = packed(plan, {piece.weights}), work(plan.inference_bytes);
    UNMIX_RNN_CHECK(cudnnRNNForward(cudnn_handle(), plan.rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, plan.x, x.data(),
                                    plan.y, y.data(), plan.state, state.h.data(), next.h.data(), plan.state,
                                    state.c.data(), next.c.data(), space.bytes(), space.data(), work.bytes(),
                                    work.data(), 0, nullptr));
  });
  if (!direct) move_steps(y, piece.y, piece.column, piece.reverse);
  state = next;
}

}  // namespace

void lstm_pieces_cuda(const std::vector<LstmPiece>& pieces) {
  for (const LstmPiece& piece : pieces) run_piece(piece);
}

// No sequence lengths on the device (since cuDNN 8.9.1 those of the descriptors count), no initial and final states.
// Saved: the reserve space, and the engine that wrote it, as a number on the host.
void lstm_forward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x, Tensor& y,
                       std::vector<Tensor>* saved) {
  const bool training = saved != nullptr;
  if (!training && shape.steps > group_limits().lstm_steps) {
    std::vector<LstmState> states(weights.size());
    return lstm_infer(weights, x, states, y);
  }
  Tensor reserve;
  const LstmEngine engine = run_with_engine(shape, [&](const LstmPlan& plan) {
    const Workspace space = packed(plan, weights), work(training ? plan.training_bytes : plan.inference_bytes);
    if (training) reserve = Tensor::empty({static_cast<int64_t>((plan.reserve_bytes + 3) / 4)}, Device::cuda);
    UNMIX_RNN_CHECK(cudnnRNNForward(cudnn_handle(), plan.rnn,
                                    training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE, nullptr, plan.x,
                                    x.data(), plan.y, y.data(), plan.state, nullptr, nullptr, plan.state, nullptr,
                                    nullptr, space.bytes(), space.data(), work.bytes(), work.data(),
                                    training ? plan.reserve_bytes : 0, training ? reserve.data() : nullptr));
  });
  if (training) *saved = {reserve, Tensor::full({}, static_cast<float>(engine))};
}

namespace {

void backward(const LstmPlan& plan, const std::vector<LstmWeights>& weights, const Tensor& x, const Tensor& y,
              Tensor reserve, const Tensor& dy, Tensor& dx, std::vector<LstmWeights>& gradients) {
  const cudnnHandle_t handle = cudnn_handle();
  const Workspace space = packed(plan, weights), work(plan.training_bytes);
  UNMIX_RNN_CHECK(cudnnRNNBackwardData_v8(handle, plan.rnn, nullptr, plan.y, y.data(), dy.data(), plan.x, dx.data(),
                                          plan.state, nullptr, nullptr, nullptr, plan.state, nullptr, nullptr, nullptr,
                                          space.bytes(), space.data(), work.bytes(), work.data(), plan.reserve_bytes,
                                          reserve.data()));  // leaves the gates' gradients there, for the weights'
  const Workspace sums = weight_space(plan);                 // backward weights adds
  UNMIX_RNN_CHECK(cudnnRNNBackwardWeights_v8(handle, plan.rnn, CUDNN_WGRAD_MODE_ADD, nullptr, plan.x, x.data(),
                                             plan.state, nullptr, plan.y, y.data(), sums.bytes(), sums.data(),
                                             work.bytes(), work.data(), plan.reserve_bytes, reserve.data()));
  for (int d = 0; d < plan.shape.directions; ++d) {
    const WeightPlaces places = plan.places(d, gradients[static_cast<size_t>(d)], sums.data());
    parallel_for(Device::cuda, places.rows(), places.columns(), UnpackWeights{places});
  }
}

}  // namespace

// Where the engine of the forward pass refuses the backward pass, the next one runs both.
void lstm_backward_cuda(const LstmShape& shape, const std::vector<LstmWeights>& weights, const Tensor& x,
                        const Tensor& y, const std::vector<Tensor>& saved, const Tensor& dy, Tensor& dx,
                        std::vector<LstmWeights>& gradients) {
  const auto engine = static_cast<LstmEngine>(static_cast<int>(saved.at(1).item()));
  try {
    backward(cached_plan<LstmPlan>(PlanKey{shape, precision(), engine}), weights, x, y, saved.at(0), dy, dx, gradients);
  } catch (const Refusal& refusal) {
    refuse(shape, engine, refusal);
    Tensor again = Tensor::empty(y.shape(), Device::cuda);
    std::vector<Tensor> saved_again;
    lstm_forward_cuda(shape, weights, x, again, &saved_again);
    lstm_backward_cuda(shape, weights, x, again, saved_again, dy, dx, gradients);
  }
}

}  // namespace unmix
