#include <gmock/gmock.h>

#include <numeric>
#include <utility>

#include "tests/cudasim/rnn_problem.h"

namespace cudasim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kPacked = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;

RnnOptions with(cudnnRNNDataLayout_t layout, bool bidirectional, cudnnRNNBiasMode_t bias = CUDNN_RNN_DOUBLE_BIAS) {
  RnnOptions options;
  options.layout = layout;
  options.bidirectional = bidirectional;
  options.bias = bias;
  return options;
}

void expect_forward(RnnProblem& p, bool training) {
  ASSERT_EQ(p.forward(training), CUDNN_STATUS_SUCCESS);
  const auto right = p.plain.run();
  EXPECT_LT(difference(p.unpacked(p.y->values(), p.width), right.y), 1e-6);
  EXPECT_LT(difference(p.hy->values(), right.hy), 1e-6);
  EXPECT_LT(difference(p.cy->values(), right.cy), 1e-6);
}

TEST(CudnnRnnSim, ForwardFollowsTheFormulaInEveryLayout) {
  for (const auto layout :
       {kPacked, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED})
    for (const bool bidirectional : {false, true}) {
      RnnProblem p(with(layout, bidirectional));
      expect_forward(p, true);
      expect_forward(p, false);
    }
}

TEST(CudnnRnnSim, FillsThePaddingOfTheOutput) {
  RnnProblem p(with(CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, false));
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(p.y->values().back(), 0.25f);  // the last step of the shortest sequence
}

TEST(CudnnRnnSim, BiasModes) {
  for (const auto mode :
       {CUDNN_RNN_NO_BIAS, CUDNN_RNN_SINGLE_INP_BIAS, CUDNN_RNN_SINGLE_REC_BIAS, CUDNN_RNN_DOUBLE_BIAS}) {
    RnnProblem p(with(kPacked, true, mode));
    const bool input = mode == CUDNN_RNN_SINGLE_INP_BIAS || mode == CUDNN_RNN_DOUBLE_BIAS;
    const bool state = mode == CUDNN_RNN_SINGLE_REC_BIAS || mode == CUDNN_RNN_DOUBLE_BIAS;
    EXPECT_EQ(p.bias_place(1, 3) >= 0, input);
    EXPECT_EQ(p.bias_place(1, 4) >= 0, state);
    expect_forward(p, true);
  }
}

TEST(CudnnRnnSim, ParametersLieApartInsideTheSpace) {
  RnnProblem p({});
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (int d = 0; d < 2; ++d)
    for (int layer = 0; layer < 8; ++layer) {
      const int64_t matrix = p.matrix_place(d, layer), bias = p.bias_place(d, layer);
      ranges.emplace_back(matrix, matrix + p.options.hidden * (layer < 4 ? p.options.input : p.options.hidden));
      ranges.emplace_back(bias, bias + p.options.hidden);
    }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) EXPECT_LT(ranges[i - 1].second, ranges[i].first);
  EXPECT_LE(static_cast<size_t>(ranges.back().second) * sizeof(float), p.weight_bytes);
}

TEST(CudnnRnnSim, DescribesParameters) {
  RnnProblem p({});
  cudnnTensorDescriptor_t matrix_desc = nullptr, bias_desc = nullptr;
  cudnnCreateTensorDescriptor(&matrix_desc);
  cudnnCreateTensorDescriptor(&bias_desc);
  void *matrix = nullptr, *bias = nullptr;
  const auto ask = [&](int direction, int layer, size_t bytes) {
    return cudnnGetRNNWeightParams(p.handle, p.rnn, direction, bytes, p.weights->get(), layer, matrix_desc, &matrix,
                                   bias_desc, &bias);
  };
  EXPECT_EQ(ask(1, 7, p.weight_bytes), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(ask(2, 0, p.weight_bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(ask(0, 8, p.weight_bytes), CUDNN_STATUS_BAD_PARAM);  // of a projection
  EXPECT_EQ(ask(0, 0, p.weight_bytes - 4), CUDNN_STATUS_BAD_PARAM);
  cudnnDestroyTensorDescriptor(matrix_desc);
  cudnnDestroyTensorDescriptor(bias_desc);
}

// Faults that a caller may make in packing: each must change the output by far more than the tolerance.
void expect_wrong_output(RnnProblem& p) {
  p.weights->assign(p.weight_values);
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  EXPECT_GT(difference(p.unpacked(p.y->values(), p.width), p.plain.run().y), 1e-2);
}

TEST(CudnnRnnSim, SwappedGatesShow) {
  RnnProblem p({});
  const int64_t count = p.options.hidden * p.options.input;
  std::swap_ranges(p.weight_values.begin() + p.matrix_place(0, 1),
                   p.weight_values.begin() + p.matrix_place(0, 1) + count,
                   p.weight_values.begin() + p.matrix_place(0, 2));
  expect_wrong_output(p);
}

TEST(CudnnRnnSim, ATransposedMatrixShows) {
  RnnProblem p({});
  float* matrix = p.weight_values.data() + p.matrix_place(1, 6);
  const int n = p.options.hidden;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j) std::swap(matrix[i * n + j], matrix[j * n + i]);
  expect_wrong_output(p);
}

TEST(CudnnRnnSim, PackingWithoutGapsShows) {
  RnnProblem p({});
  float* second = p.weight_values.data() + p.matrix_place(0, 1);
  std::copy_n(second, 6, p.weight_values.data() + p.matrix_place(0, 0) + 6);
  std::fill_n(second, 6, std::nanf(""));
  p.weights->assign(p.weight_values);
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  EXPECT_TRUE(std::isnan(p.y->values()[0]));
}

TEST(CudnnRnnSim, RefusesProjectionsAndOtherCells) {
  RnnProblem p({});
  const auto set = [&](cudnnRNNMode_t mode, int projection, int layers, cudnnDropoutDescriptor_t dropout) {
    return cudnnSetRNNDescriptor_v8(p.rnn, CUDNN_RNN_ALGO_STANDARD, mode, CUDNN_RNN_DOUBLE_BIAS, CUDNN_BIDIRECTIONAL,
                                    CUDNN_LINEAR_INPUT, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH, 2, 3,
                                    projection, layers, dropout, CUDNN_RNN_PADDED_IO_DISABLED);
  };
  EXPECT_EQ(set(CUDNN_LSTM, 3, 1, p.dropout), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(set(CUDNN_LSTM, 2, 1, p.dropout), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set(CUDNN_LSTM, 4, 1, p.dropout), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set(CUDNN_LSTM, 0, 1, p.dropout), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(set(CUDNN_GRU, 3, 1, p.dropout), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set(CUDNN_LSTM, 3, 2, p.dropout), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set(CUDNN_LSTM, 3, 1, nullptr), CUDNN_STATUS_BAD_PARAM);
}

TEST(CudnnRnnSim, RefusesWrongData) {
  RnnProblem p({});
  const auto set = [&](int steps, const std::vector<int>& lengths, cudnnRNNDataLayout_t layout = kPacked) {
    return cudnnSetRNNDataDescriptor(p.x_desc, CUDNN_DATA_FLOAT, layout, steps, 3, 2, lengths.data(), nullptr);
  };
  EXPECT_EQ(set(4, {1, 3, 4}), CUDNN_STATUS_BAD_PARAM);  // not sorted
  EXPECT_EQ(set(4, {5, 3, 1}), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(set(65536, {5, 3, 1}), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(set(4, {4, 3, 1}, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(p.forward(), CUDNN_STATUS_BAD_PARAM);  // padded data without leave
  EXPECT_EQ(set(4, {4, 3, 2}), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(p.forward(), CUDNN_STATUS_BAD_PARAM);  // x and y differ
  EXPECT_EQ(set(4, {4, 3, 1}), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  const int dims[] = {1, 3, 3}, strides[] = {9, 3, 1};
  cudnnSetTensorNdDescriptor(p.state_desc, CUDNN_DATA_FLOAT, 3, dims, strides);
  EXPECT_EQ(p.forward(), CUDNN_STATUS_BAD_PARAM);  // states of one direction
}

TEST(CudnnRnnSim, RefusesSmallSpacesAndAMissingReserve) {
  for (size_t RnnProblem::*bytes : {&RnnProblem::weight_bytes, &RnnProblem::work_bytes, &RnnProblem::reserve_bytes}) {
    RnnProblem p({});
    p.*bytes -= 4;
    EXPECT_EQ(p.forward(), CUDNN_STATUS_BAD_PARAM);
    EXPECT_EQ(p.backward_weights(), CUDNN_STATUS_BAD_PARAM);
  }
  RnnProblem p({});
  EXPECT_EQ(cudnnRNNForward(p.handle, p.rnn, CUDNN_FWD_MODE_TRAINING, nullptr, p.x_desc, p.x->get(), p.y_desc,
                            p.y->get(), p.state_desc, nullptr, nullptr, p.state_desc, nullptr, nullptr, p.weight_bytes,
                            p.weights->get(), p.work_bytes, p.work->get(), p.reserve_bytes, nullptr),
            CUDNN_STATUS_BAD_PARAM);
}

TEST(CudnnRnnSim, ReportsMemoryThatIsNotTheDevices) {
  RnnProblem p({});
  std::vector<float> host(1024);
  const auto forward = [&](const float* x, float* y, float* work) {
    return cudnnRNNForward(p.handle, p.rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, p.x_desc, x, p.y_desc, y, p.state_desc,
                           nullptr, nullptr, p.state_desc, nullptr, nullptr, p.weight_bytes, p.weights->get(),
                           p.work_bytes, work, 0, nullptr);
  };
  EXPECT_THAT(misuse([&] { forward(p.x->get(), p.y->get(), p.work->get()); }), IsEmpty());
  EXPECT_THAT(misuse([&] { forward(host.data(), p.y->get(), p.work->get()); }), HasSubstr("x ("));
  EXPECT_THAT(misuse([&] { forward(p.x->get(), p.x->get(), p.work->get()); }), HasSubstr("y ("));
  EXPECT_THAT(misuse([&] { forward(p.x->get(), p.work->get(), p.work->get()); }), HasSubstr("overlaps"));
  EXPECT_THAT(misuse([&] { forward(p.x->get(), p.y->get(), p.reserve->get() + 1); }), HasSubstr("16 bytes"));
}

TEST(CudnnRnnSim, ReportsAStateUpdatedInPlace) {
  RnnProblem p({});
  const auto forward = [&](float* hy, float* cy) {
    return cudnnRNNForward(p.handle, p.rnn, CUDNN_FWD_MODE_INFERENCE, nullptr, p.x_desc, p.x->get(), p.y_desc,
                           p.y->get(), p.state_desc, p.hx->get(), hy, p.state_desc, p.cx->get(), cy, p.weight_bytes,
                           p.weights->get(), p.work_bytes, p.work->get(), 0, nullptr);
  };
  EXPECT_THAT(misuse([&] { forward(p.hy->get(), p.cy->get()); }), IsEmpty());
  EXPECT_THAT(misuse([&] { forward(p.hx->get(), p.cy->get()); }), HasSubstr("hy is written and overlaps hx"));
  EXPECT_THAT(misuse([&] { forward(p.hy->get(), p.cx->get()); }), HasSubstr("cy is written and overlaps cx"));
}

}  // namespace
}  // namespace cudasim
