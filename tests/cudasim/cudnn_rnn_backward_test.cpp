#include <gmock/gmock.h>

#include <numeric>

#include "tests/cudasim/rnn_problem.h"

namespace cudasim {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;

double inner(const Doubles& a, const Doubles& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

Doubles doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// The derivatives of <dy, y> + <dhy, hy> + <dcy, cy> in the plain layer, by central differences in double.
class Differences {
 public:
  explicit Differences(const RnnProblem& p)
      : plain_(p.plain),
        dy_(p.unpacked(p.dy->values(), p.width)),
        dhy_(doubles(p.dhy->values())),
        dcy_(doubles(p.dcy->values())) {}

  template <class Choose>
  Doubles of(const Choose& choose) {
    Doubles result;
    for (size_t i = 0; i < choose(plain_).size(); ++i) {
      double& value = choose(plain_)[i];
      const double before = value;
      value = before + kStep;
      const double above = objective();
      value = before - kStep;
      result.push_back((above - objective()) / (2.0 * kStep));
      value = before;
    }
    return result;
  }

 private:
  static constexpr double kStep = 1e-4;
  double objective() const {
    const auto result = plain_.run();
    return inner(dy_, result.y) + inner(dhy_, result.hy) + inner(dcy_, result.cy);
  }
  PlainLstm plain_;
  Doubles dy_, dhy_, dcy_;
};

constexpr double kTolerance = 3e-6;

std::vector<float> part(const std::vector<float>& values, int64_t first, size_t count) {
  return {values.begin() + first, values.begin() + first + static_cast<int64_t>(count)};
}

void expect_gradients(RnnProblem& p) {
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(p.backward_data(), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(p.backward_weights(), CUDNN_STATUS_SUCCESS);
  Differences differences(p);
  const auto dx = differences.of([](PlainLstm& l) -> Doubles& { return l.x; });
  EXPECT_LT(difference(p.unpacked(p.dx->values(), p.options.input), dx), kTolerance);
  EXPECT_LT(difference(p.dhx->values(), differences.of([](PlainLstm& l) -> Doubles& { return l.hx; })), kTolerance);
  EXPECT_LT(difference(p.dcx->values(), differences.of([](PlainLstm& l) -> Doubles& { return l.cx; })), kTolerance);
  const auto gradients = p.gradients->values();
  for (int d = 0; d < p.directions; ++d) {
    for (int layer = 0; layer < 8; ++layer) {
      const auto of = static_cast<size_t>(d), l = static_cast<size_t>(layer);
      const auto matrix = differences.of([&](PlainLstm& plain) -> Doubles& { return plain.weights[of].matrix[l]; });
      const auto bias = differences.of([&](PlainLstm& plain) -> Doubles& { return plain.weights[of].bias[l]; });
      EXPECT_LT(difference(part(gradients, p.matrix_place(d, layer), matrix.size()), matrix), kTolerance);
      EXPECT_LT(difference(part(gradients, p.bias_place(d, layer), bias.size()), bias), kTolerance);
      // A wrong gate would not pass.
      const int64_t other = p.matrix_place(d, (layer + 1) % 4 + layer / 4 * 4);
      EXPECT_GT(difference(part(gradients, other, matrix.size()), matrix), 100 * kTolerance);
    }
  }
}

TEST(CudnnRnnSimBackward, AgreesWithDifferences) {
  for (const bool bidirectional : {false, true}) {
    RnnOptions options;
    options.bidirectional = bidirectional;
    RnnProblem p(options);
    expect_gradients(p);
  }
}

TEST(CudnnRnnSimBackward, AgreesWithDifferencesInPaddedLayouts) {
  for (const auto layout : {CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED}) {
    RnnOptions options;
    options.layout = layout;
    options.lengths = {2, 4, 1};
    RnnProblem p(options);
    expect_gradients(p);
  }
}

TEST(CudnnRnnSimBackward, WeightsAreAdded) {
  RnnProblem once({}), twice({});
  twice.gradients->assign(std::vector<float>(twice.weight_bytes / sizeof(float), 1.0f));
  for (RnnProblem* p : {&once, &twice}) {
    ASSERT_EQ(p->forward(), CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(p->backward_data(), CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(p->backward_weights(), CUDNN_STATUS_SUCCESS);
  }
  const int64_t place = once.matrix_place(1, 5);
  EXPECT_NEAR(twice.gradients->values()[static_cast<size_t>(place)],
              once.gradients->values()[static_cast<size_t>(place)] + 1.0f, 1e-6);
  EXPECT_EQ(once.backward_weights(CUDNN_WGRAD_MODE_SET), CUDNN_STATUS_NOT_SUPPORTED);
}

TEST(CudnnRnnSimBackward, UsesUpTheReserveSpace) {
  RnnProblem p({});
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  const auto kept = p.reserve->values();
  ASSERT_EQ(p.backward_data(), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(p.backward_weights(), CUDNN_STATUS_SUCCESS);
  EXPECT_THAT(p.reserve->values(), Each(IsNan()));
  EXPECT_THAT(misuse([&] { p.backward_data(); }), HasSubstr("used up"));
  p.reserve->assign(kept);  // a copy is as good
  EXPECT_THAT(misuse([&] { p.backward_data(); }), IsEmpty());
}

TEST(CudnnRnnSimBackward, ReportsTheWrongOrder) {
  RnnProblem p({});
  EXPECT_THAT(misuse([&] { p.backward_data(); }), HasSubstr("reserve space"));  // before any forward pass
  EXPECT_THAT(misuse([&] { p.forward(); }), IsEmpty());
  EXPECT_THAT(misuse([&] { p.backward_weights(); }), HasSubstr("not that of backward data"));
  EXPECT_THAT(misuse([&] { p.backward_data(); }), IsEmpty());
  EXPECT_THAT(misuse([&] { p.backward_data(); }), HasSubstr("not that of a forward pass"));
}

TEST(CudnnRnnSimBackward, ReportsOtherDataThanThatOfTheForwardPass) {
  RnnProblem p({});
  ASSERT_EQ(p.forward(), CUDNN_STATUS_SUCCESS);
  auto weights = p.weight_values;
  weights[static_cast<size_t>(p.matrix_place(0, 0))] += 0.5f;
  p.weights->assign(weights);
  EXPECT_THAT(misuse([&] { p.backward_data(); }), HasSubstr("the weight space is not"));
  p.weights->assign(p.weight_values);
  EXPECT_THAT(misuse([&] { p.backward_data(); }), IsEmpty());
  auto x = p.x->values();
  x[0] += 0.5f;
  p.x->assign(x);
  EXPECT_THAT(misuse([&] { p.backward_weights(); }), HasSubstr("x is not"));
}

TEST(CudnnRnnSimBackward, ReportsTheReserveSpaceOfAnotherProblem) {
  RnnOptions longer;
  longer.lengths = {5, 3, 1};
  RnnProblem p({}), other(longer);
  ASSERT_EQ(other.forward(), CUDNN_STATUS_SUCCESS);
  std::swap(p.reserve, other.reserve);
  EXPECT_THAT(misuse([&] { p.backward_data(); }), HasSubstr("other sizes"));
}

}  // namespace
}  // namespace cudasim
