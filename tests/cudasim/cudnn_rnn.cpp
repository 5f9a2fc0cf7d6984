// cuDNN's RNN (v8 API): descriptors, sizes of buffers, places of weights.
#include "tests/cudasim/cudnn_rnn.h"

#include <algorithm>
#include <numeric>

namespace cudasim {
namespace {

constexpr int64_t kGap = 16;       // floats between two parameters
constexpr int kMostSteps = 65535;  // as many as cuDNN counts

bool has_bias(cudnnRNNBiasMode_t mode, int layer) {
  if (mode == CUDNN_RNN_DOUBLE_BIAS) return true;
  return mode == (layer < 4 ? CUDNN_RNN_SINGLE_INP_BIAS : CUDNN_RNN_SINGLE_REC_BIAS);
}

int64_t columns(const cudnnRNNStruct& rnn, int layer) { return layer < 4 ? rnn.input : rnn.hidden; }

}  // namespace

WeightPlaces::WeightPlaces(const cudnnRNNStruct& rnn) : directions(static_cast<size_t>(rnn.directions)) {
  const auto take = [this](int64_t count) {
    const int64_t place = floats;
    floats += (count + 3) / 4 * 4 + kGap;
    return place;
  };
  for (Direction& direction : directions)
    for (int layer = 0; layer < 8; ++layer)
      direction.matrix[static_cast<size_t>(layer)] = take(rnn.hidden * columns(rnn, layer));
  for (Direction& direction : directions)
    for (int layer = 0; layer < 8; ++layer)
      direction.bias[static_cast<size_t>(layer)] = has_bias(rnn.bias, layer) ? take(rnn.hidden) : -1;
}

RnnBytes rnn_bytes(const cudnnRNNStruct& rnn, const cudnnRNNDataStruct& x) {
  const int64_t steps = static_cast<int64_t>(x.steps) * x.batch, cells = rnn.directions * rnn.hidden;
  const auto bytes = [](int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); };
  return {bytes(WeightPlaces(rnn).floats), bytes(4 * steps * cells), bytes((4 * steps + 2 * x.batch) * cells),
          bytes(kReserveHeader + 5 * steps * cells)};
}

cudnnStatus_t check_input(const char* call, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x) {
  if (!ready(rnn)) return bad("{}: the RNN descriptor is not set", call);
  if (!ready(x)) return bad("{}: the data descriptor of x is not set", call);
  if (x->width != rnn->input) return bad("{}: vectors of {} in x, the RNN takes {}", call, x->width, rnn->input);
  if (x->layout != CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED && !rnn->padded_io)
    return bad("{}: an unpacked layout needs CUDNN_RNN_PADDED_IO_ENABLED", call);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check_rnn(const char* call, cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x,
                        cudnnRNNDataDescriptor_t y, cudnnTensorDescriptor_t h, cudnnTensorDescriptor_t c) {
  if (!handles<cudnnContext>().alive(handle)) return bad("{}: a handle that does not exist", call);
  CUDASIM_PASS(check_input(call, rnn, x));
  if (!ready(y)) return bad("{}: the data descriptor of y is not set", call);
  if (y->width != rnn->directions * rnn->hidden)
    return bad("{}: vectors of {} in y, the RNN gives {}", call, y->width, rnn->directions * rnn->hidden);
  if (x->layout != y->layout || x->steps != y->steps || x->lengths != y->lengths)
    return bad("{}: x and y differ in layout or lengths", call);
  const std::vector<int> dims{rnn->directions, x->batch, rnn->hidden};
  const std::vector<int> strides{x->batch * rnn->hidden, rnn->hidden, 1};
  for (const cudnnTensorDescriptor_t state : {h, c}) {
    if (state == nullptr) continue;
    if (!ready(state)) return bad("{}: the descriptor of a state is not set", call);
    if (state->dims != dims || state->strides != strides)
      return bad("{}: a state is not a packed [{}, {}, {}]", call, dims[0], dims[1], dims[2]);
  }
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace cudasim

using namespace cudasim;

cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t* descriptor) { return make_descriptor(descriptor); }
cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t descriptor) { return end_descriptor(descriptor); }
cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t* descriptor) { return make_descriptor(descriptor); }
cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t descriptor) { return end_descriptor(descriptor); }

cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t descriptor, cudnnRNNAlgo_t algorithm, cudnnRNNMode_t mode,
                                       cudnnRNNBiasMode_t bias, cudnnDirectionMode_t direction,
                                       cudnnRNNInputMode_t input_mode, cudnnDataType_t type, cudnnDataType_t precision,
                                       cudnnMathType_t math, int32_t input, int32_t hidden, int32_t projection,
                                       int32_t layers, cudnnDropoutDescriptor_t dropout, uint32_t flags) {
  const char* call = "cudnnSetRNNDescriptor_v8";
  if (!handles<cudnnRNNStruct>().alive(descriptor)) return bad("{}: no descriptor", call);
  if (input < 1 || hidden < 1 || layers < 1)
    return bad("{}: input {}, hidden {}, layers {}", call, input, hidden, layers);
  if (bias < CUDNN_RNN_NO_BIAS || bias > CUDNN_RNN_SINGLE_REC_BIAS) return bad("{}: bias mode", call);
  if (direction != CUDNN_UNIDIRECTIONAL && direction != CUDNN_BIDIRECTIONAL) return bad("{}: direction", call);
  if (!ready(dropout)) return bad("{}: the dropout descriptor is not set", call);
  if (algorithm != CUDNN_RNN_ALGO_STANDARD && bias != CUDNN_RNN_DOUBLE_BIAS)
    return unsupported("{}: only the standard algorithm takes other biases than two", call);
  if (projection < 1) return bad("{}: a projection to {}", call, projection);
  if ((flags & ~static_cast<uint32_t>(CUDNN_RNN_PADDED_IO_ENABLED)) != 0) return bad("{}: flags {}", call, flags);
  if (projection > hidden) return unsupported("{}: a projection of {} to {}", call, hidden, projection);
  if (algorithm != CUDNN_RNN_ALGO_STANDARD && projection != hidden)
    return unsupported("{}: only the standard algorithm projects", call);
  if (projection != hidden) return unsupported("{}: a projection to {} has no stand-in", call, projection);
  if (algorithm != CUDNN_RNN_ALGO_STANDARD && algorithm != CUDNN_RNN_ALGO_PERSIST_STATIC)
    return unsupported("{}: algorithm {} has no stand-in", call, static_cast<int>(algorithm));
  if (mode != CUDNN_LSTM || input_mode != CUDNN_LINEAR_INPUT || layers != 1)
    return unsupported("{}: anything but one LSTM layer has no stand-in", call);
  if (type != CUDNN_DATA_FLOAT || precision != CUDNN_DATA_FLOAT || !known(math))
    return unsupported("{}: anything but float has no stand-in", call);
  *descriptor = {true,
                 algorithm,
                 bias,
                 direction == CUDNN_BIDIRECTIONAL ? 2 : 1,
                 input,
                 hidden,
                 (flags & CUDNN_RNN_PADDED_IO_ENABLED) != 0,
                 math};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t descriptor, cudnnDataType_t type,
                                        cudnnRNNDataLayout_t layout, int steps, int batch, int width,
                                        const int lengths[], void* fill) {
  const char* call = "cudnnSetRNNDataDescriptor";
  if (!handles<cudnnRNNDataStruct>().alive(descriptor)) return bad("{}: no descriptor", call);
  if (steps < 1 || batch < 1 || width < 1 || lengths == nullptr)
    return bad("{}: steps {}, batch {}, vectors of {}", call, steps, batch, width);
  if (steps > kMostSteps) return unsupported("{}: {} steps, {} are possible", call, steps, kMostSteps);
  const bool packed = layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  const std::vector<int> all(lengths, lengths + batch);
  for (const int length : all)
    if (length < (packed ? 1 : 0) || length > steps)
      return bad("{}: a length of {} among at most {} steps", call, length, steps);
  if (packed && (all.front() != steps || !std::is_sorted(all.rbegin(), all.rend())))
    return bad("{}: the packed layout takes the longest sequence first, of as many steps as there are", call);
  if (type != CUDNN_DATA_FLOAT || *std::min_element(all.begin(), all.end()) == 0)
    return unsupported("{}: anything but float, and empty sequences, have no stand-in", call);
  *descriptor = {true,  layout, steps,           batch,
                 width, all,    fill != nullptr, fill == nullptr ? 0.0f : *static_cast<const float*>(fill)};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnForwardMode_t mode,
                                        cudnnRNNDataDescriptor_t x, size_t* work, size_t* reserve) {
  const char* call = "cudnnGetRNNTempSpaceSizes";
  if (!handles<cudnnContext>().alive(handle)) return bad("{}: a handle that does not exist", call);
  CUDASIM_PASS(check_input(call, rnn, x));
  const bool training = mode == CUDNN_FWD_MODE_TRAINING;
  if (work == nullptr || (training && reserve == nullptr)) return bad("{}: null where a size is to be put", call);
  const RnnBytes bytes = rnn_bytes(*rnn, *x);
  *work = training ? bytes.training_work : bytes.inference_work;
  if (reserve != nullptr) *reserve = training ? bytes.reserve : 0;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, size_t* bytes) {
  if (!handles<cudnnContext>().alive(handle)) return bad("cudnnGetRNNWeightSpaceSize: a handle that does not exist");
  if (!ready(rnn) || bytes == nullptr) return bad("cudnnGetRNNWeightSpaceSize: the descriptor is not set, or null");
  *bytes = static_cast<size_t>(WeightPlaces(*rnn).floats) * sizeof(float);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, int32_t direction, size_t bytes,
                                      const void* space, int32_t layer, cudnnTensorDescriptor_t matrix_desc,
                                      void** matrix, cudnnTensorDescriptor_t bias_desc, void** bias) {
  const char* call = "cudnnGetRNNWeightParams";
  if (!handles<cudnnContext>().alive(handle)) return bad("{}: a handle that does not exist", call);
  if (!ready(rnn)) return bad("{}: the RNN descriptor is not set", call);
  if (direction < 0 || direction >= rnn->directions) return bad("{}: pseudo layer {}", call, direction);
  if (layer < 0 || layer >= 8) return bad("{}: linear layer {} of an LSTM without projection", call, layer);
  if (space == nullptr || matrix == nullptr || bias == nullptr) return bad("{}: null", call);
  if (!handles<cudnnTensorStruct>().alive(matrix_desc) || !handles<cudnnTensorStruct>().alive(bias_desc))
    return bad("{}: no tensor descriptor", call);
  const WeightPlaces places(*rnn);
  if (bytes < static_cast<size_t>(places.floats) * sizeof(float))
    return bad("{}: a weight space of {} bytes, {} floats are needed", call, bytes, places.floats);
  const auto& place = places.directions[static_cast<size_t>(direction)];
  const int width = static_cast<int>(columns(*rnn, layer)), hidden = rnn->hidden;
  auto* first = static_cast<float*>(const_cast<void*>(space));
  *matrix = first + place.matrix[static_cast<size_t>(layer)];
  *matrix_desc = {true, {1, hidden, width}, {hidden * width, width, 1}};
  const int64_t bias_place = place.bias[static_cast<size_t>(layer)];
  *bias = bias_place < 0 ? nullptr : first + bias_place;
  *bias_desc = bias_place < 0 ? cudnnTensorStruct{} : cudnnTensorStruct{true, {1, hidden, 1}, {hidden, 1, 1}};
  return CUDNN_STATUS_SUCCESS;
}
