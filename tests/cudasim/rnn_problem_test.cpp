#include "tests/cudasim/rnn_problem.h"

#include <limits>
#include <numeric>

namespace cudasim {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Doubles random_doubles(size_t count, unsigned seed) {
  const auto values = random_floats(count, seed);
  return {values.begin(), values.end()};
}

std::vector<float> floats(const Doubles& values) {
  std::vector<float> result;
  for (const double value : values) result.push_back(static_cast<float>(value));
  return result;
}

double sigmoid(double a) { return 1.0 / (1.0 + std::exp(-a)); }

std::unique_ptr<DeviceFloats> device(const std::vector<float>& values) {
  return std::make_unique<DeviceFloats>(values);
}
std::unique_ptr<DeviceFloats> device(size_t count) { return std::make_unique<DeviceFloats>(count); }

}  // namespace

PlainLstm::Result PlainLstm::run() const {
  const size_t batch = lengths.size(), n = static_cast<size_t>(hidden), in = static_cast<size_t>(input);
  const size_t both = static_cast<size_t>(directions) * n, steps = x.size() / batch / in;
  Result result{Doubles(batch * steps * both, 0.0), hx, cx};
  for (size_t d = 0; d < weights.size(); ++d) {
    for (size_t b = 0; b < batch; ++b) {
      const auto length = static_cast<size_t>(lengths[b]);
      double* h = &result.hy[(d * batch + b) * n];
      double* c = &result.cy[(d * batch + b) * n];
      for (size_t order = 0; order < length; ++order) {
        const size_t t = d == 0 ? order : length - 1 - order;
        const Doubles before(h, h + n);
        for (size_t j = 0; j < n; ++j) {
          double a[4];
          for (size_t gate = 0; gate < 4; ++gate) {
            a[gate] = weights[d].bias[gate][j] + weights[d].bias[4 + gate][j];
            for (size_t l = 0; l < in; ++l)
              a[gate] += weights[d].matrix[gate][j * in + l] * x[(b * steps + t) * in + l];
            for (size_t l = 0; l < n; ++l) a[gate] += weights[d].matrix[4 + gate][j * n + l] * before[l];
          }
          c[j] = sigmoid(a[1]) * c[j] + sigmoid(a[0]) * std::tanh(a[2]);
          h[j] = sigmoid(a[3]) * std::tanh(c[j]);
          result.y[(b * steps + t) * both + d * n + j] = h[j];
        }
      }
    }
  }
  return result;
}

RnnProblem::RnnProblem(const RnnOptions& options_)
    : options(options_),
      steps(*std::max_element(options.lengths.begin(), options.lengths.end())),
      batch(static_cast<int>(options.lengths.size())),
      directions(options.bidirectional ? 2 : 1),
      width(directions * options.hidden) {
  make_descriptors();
  const auto state = static_cast<size_t>(directions * batch * options.hidden);
  plain = {options.input,
           options.hidden,
           directions,
           options.lengths,
           std::vector<PlainWeights>(static_cast<size_t>(directions)),
           random_doubles(static_cast<size_t>(batch * steps * options.input), 1),
           random_doubles(state, 2),
           random_doubles(state, 3)};
  fill_weights();
  x = device(packed(plain.x, options.input));
  dy = device(packed(random_doubles(static_cast<size_t>(batch * steps * width), 4), width));
  y = device(rows() * static_cast<size_t>(width));
  dx = device(rows() * static_cast<size_t>(options.input));
  hx = device(floats(plain.hx));
  cx = device(floats(plain.cx));
  dhy = device(random_floats(state, 5));
  dcy = device(random_floats(state, 6));
  for (auto* output : {&hy, &cy, &dhx, &dcx}) *output = device(state);
  gradients = device(std::vector<float>(weight_bytes / sizeof(float), 0.0f));
  work = device(work_bytes / sizeof(float));
  reserve = device(reserve_bytes / sizeof(float));
}

RnnProblem::~RnnProblem() {
  cudnnDestroyTensorDescriptor(state_desc);
  cudnnDestroyRNNDataDescriptor(x_desc);
  cudnnDestroyRNNDataDescriptor(y_desc);
  cudnnDestroyRNNDescriptor(rnn);
  cudnnDestroyDropoutDescriptor(dropout);
  cudnnDestroy(handle);
}

void RnnProblem::make_descriptors() {
  cudnnCreate(&handle);
  cudnnSetStream(handle, test_stream());
  cudnnCreateDropoutDescriptor(&dropout);
  cudnnCreateRNNDescriptor(&rnn);
  cudnnCreateRNNDataDescriptor(&x_desc);
  cudnnCreateRNNDataDescriptor(&y_desc);
  cudnnCreateTensorDescriptor(&state_desc);
  cudnnSetDropoutDescriptor(dropout, handle, 0.0f, nullptr, 0, 0);
  const bool is_packed = options.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  EXPECT_EQ(cudnnSetRNNDescriptor_v8(rnn, CUDNN_RNN_ALGO_STANDARD, CUDNN_LSTM, options.bias,
                                     options.bidirectional ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
                                     CUDNN_LINEAR_INPUT, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH,
                                     options.input, options.hidden, options.hidden, 1, dropout,
                                     is_packed ? CUDNN_RNN_PADDED_IO_DISABLED : CUDNN_RNN_PADDED_IO_ENABLED),
            CUDNN_STATUS_SUCCESS);
  float padding = 0.25f;
  EXPECT_EQ(cudnnSetRNNDataDescriptor(x_desc, CUDNN_DATA_FLOAT, options.layout, steps, batch, options.input,
                                      options.lengths.data(), nullptr),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnSetRNNDataDescriptor(y_desc, CUDNN_DATA_FLOAT, options.layout, steps, batch, width,
                                      options.lengths.data(), &padding),
            CUDNN_STATUS_SUCCESS);
  const int dims[] = {directions, batch, options.hidden}, strides[] = {batch * options.hidden, options.hidden, 1};
  EXPECT_EQ(cudnnSetTensorNdDescriptor(state_desc, CUDNN_DATA_FLOAT, 3, dims, strides), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_TRAINING, x_desc, &work_bytes, &reserve_bytes),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnGetRNNWeightSpaceSize(handle, rnn, &weight_bytes), CUDNN_STATUS_SUCCESS);
}

// What lies between the parameters is NaN: nothing may read it.
void RnnProblem::fill_weights() {
  weights = device(weight_bytes / sizeof(float));
  weight_values.assign(weight_bytes / sizeof(float), kNaN);
  for (int d = 0; d < directions; ++d) {
    auto& plain_weights = plain.weights[static_cast<size_t>(d)];
    for (size_t layer = 0; layer < 8; ++layer) {
      const auto n = static_cast<size_t>(options.hidden), columns = layer < 4 ? static_cast<size_t>(options.input) : n;
      const auto seed = static_cast<unsigned>(100 + 10 * d) + static_cast<unsigned>(layer);
      plain_weights.matrix[layer] = random_doubles(n * columns, seed);
      const auto matrix = floats(plain_weights.matrix[layer]);
      std::copy(matrix.begin(), matrix.end(), weight_values.begin() + matrix_place(d, static_cast<int>(layer)));
      plain_weights.bias[layer].assign(n, 0.0);
      const int64_t bias_at = bias_place(d, static_cast<int>(layer));
      if (bias_at < 0) continue;
      plain_weights.bias[layer] = random_doubles(n, seed + 50);
      const auto bias = floats(plain_weights.bias[layer]);
      std::copy(bias.begin(), bias.end(), weight_values.begin() + bias_at);
    }
  }
  weights->assign(weight_values);
}

int64_t RnnProblem::place(int direction, int layer, bool bias) const {
  cudnnTensorDescriptor_t matrix_desc = nullptr, bias_desc = nullptr;
  cudnnCreateTensorDescriptor(&matrix_desc);
  cudnnCreateTensorDescriptor(&bias_desc);
  void *matrix_at = nullptr, *bias_at = nullptr;
  EXPECT_EQ(cudnnGetRNNWeightParams(handle, rnn, direction, weight_bytes, weights->get(), layer, matrix_desc,
                                    &matrix_at, bias_desc, &bias_at),
            CUDNN_STATUS_SUCCESS);
  cudnnDestroyTensorDescriptor(matrix_desc);
  cudnnDestroyTensorDescriptor(bias_desc);
  const void* found = bias ? bias_at : matrix_at;
  return found == nullptr ? -1 : static_cast<const float*>(found) - weights->get();
}

int64_t RnnProblem::row(int b, int t) const {
  if (options.layout == CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED) return b * steps + t;
  if (options.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED) return t * batch + b;
  int64_t before = 0;
  for (const int length : options.lengths) before += std::min(length, t);
  return before + b;  // longest first: those that reach step t are the first of the batch
}

size_t RnnProblem::rows() const {
  const int valid = std::accumulate(options.lengths.begin(), options.lengths.end(), 0);
  return static_cast<size_t>(options.layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED ? valid : steps * batch);
}

Doubles RnnProblem::unpacked(const std::vector<float>& values, int columns) const {
  Doubles result(static_cast<size_t>(batch * steps * columns), 0.0);
  for (int b = 0; b < batch; ++b)
    for (int t = 0; t < options.lengths[static_cast<size_t>(b)]; ++t)
      std::copy_n(values.begin() + row(b, t) * columns, columns, result.begin() + (b * steps + t) * columns);
  return result;
}

std::vector<float> RnnProblem::packed(const Doubles& values, int columns) const {
  std::vector<float> result(rows() * static_cast<size_t>(columns), kNaN);
  for (int b = 0; b < batch; ++b)
    for (int t = 0; t < options.lengths[static_cast<size_t>(b)]; ++t)
      for (int i = 0; i < columns; ++i)
        result[static_cast<size_t>(row(b, t) * columns + i)] =
            static_cast<float>(values[static_cast<size_t>((b * steps + t) * columns + i)]);
  return result;
}

cudnnStatus_t RnnProblem::forward(bool training) {
  return cudnnRNNForward(handle, rnn, training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE, nullptr, x_desc,
                         x->get(), y_desc, y->get(), state_desc, hx->get(), hy->get(), state_desc, cx->get(), cy->get(),
                         weight_bytes, weights->get(), work_bytes, work->get(), training ? reserve_bytes : 0,
                         training ? reserve->get() : nullptr);
}

cudnnStatus_t RnnProblem::backward_data() {
  return cudnnRNNBackwardData_v8(handle, rnn, nullptr, y_desc, y->get(), dy->get(), x_desc, dx->get(), state_desc,
                                 hx->get(), dhy->get(), dhx->get(), state_desc, cx->get(), dcy->get(), dcx->get(),
                                 weight_bytes, weights->get(), work_bytes, work->get(), reserve_bytes, reserve->get());
}

cudnnStatus_t RnnProblem::backward_weights(cudnnWgradMode_t mode) {
  return cudnnRNNBackwardWeights_v8(handle, rnn, mode, nullptr, x_desc, x->get(), state_desc, hx->get(), y_desc,
                                    y->get(), weight_bytes, gradients->get(), work_bytes, work->get(), reserve_bytes,
                                    reserve->get());
}

// One cell by hand, x = 2, h = 1, c = 0.8.
TEST(PlainLstm, IsTheFormula) {
  PlainWeights w;
  const double input[] = {0.25, -0.5, 0.5, 1.0}, state[] = {-0.5, 0.5, 1.0, 0.0}, bias[] = {0.5, 0.25, -0.5, 0.0};
  for (size_t gate = 0; gate < 4; ++gate) {
    w.matrix[gate] = {input[gate]};
    w.matrix[4 + gate] = {state[gate]};
    w.bias[gate] = {bias[gate]};
    w.bias[4 + gate] = {0.0};
  }
  const auto result = PlainLstm{1, 1, 1, {1}, {w}, {2.0}, {1.0}, {0.8}}.run();
  const double a[] = {0.5, -0.25, 1.5, 2.0};
  const double cell = 0.8 / (1.0 + std::exp(-a[1])) + std::tanh(a[2]) / (1.0 + std::exp(-a[0]));
  EXPECT_NEAR(result.cy[0], cell, 1e-12);
  EXPECT_NEAR(result.y[0], std::tanh(cell) / (1.0 + std::exp(-a[3])), 1e-12);
}

}  // namespace cudasim
