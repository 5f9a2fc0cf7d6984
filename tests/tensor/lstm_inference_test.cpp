// An LSTM read piece by piece, against the whole sequence at once and the plain recurrence in double.
#include <gmock/gmock.h>

#include <algorithm>

#include "layers/lstm.h"
#include "tensor/group_limits.h"
#include "tensor/memory.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

class LstmInference : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  // cuDNN chooses how it multiplies by the number of steps.
  double limit() const { return device() == Device::cpu ? tolerance::kPieces : tolerance::kValue; }
  Tensor random(const Shape& shape, uint64_t seed) const { return random_tensor(shape, seed, -1.0, 1.0, device()); }

  // As training computes it: the whole sequence at once.
  Tensor whole(const LstmShape& s, const std::vector<LstmWeights>& weights, const Tensor& x) const {
    Tensor y = Tensor::empty({s.steps, s.batch, s.directions * s.hidden}, device());
    std::vector<Tensor> saved;
    UNMIX_DISPATCH(device(), lstm_forward, s, weights, x, y, &saved);
    return y;
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, LstmInference, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// One direction of the layer in pieces of `length` steps; without `carry` every piece starts at zero.
void read_direction(const std::vector<LstmWeights>& weights, size_t direction, const Tensor& x, int64_t length,
                    Tensor& y, bool carry = true) {
  LstmState state;
  const int64_t steps = x.dim(0), hidden = weights[direction].w_hh.dim(1);
  for (int64_t begin = 0; begin < steps; begin += length) {
    const int64_t end = std::min(steps, begin + length);
    const bool reverse = direction == 1;
    const int64_t first = reverse ? steps - end : begin, last = first + end - begin;
    if (!carry) state = {};
    lstm_pieces({{weights[direction], x.rows(first, last), reverse, &state, y.rows(first, last),
                  static_cast<int64_t>(direction) * hidden}});
  }
}

TEST_P(LstmInference, PiecesGiveTheWhole) {
  for (const LstmShape& s : {LstmShape{23, 1, 7, 16, 2}, LstmShape{23, 2, 5, 11, 2}, LstmShape{9, 3, 4, 20, 2},
                             LstmShape{9, 16, 6, 9, 2}, LstmShape{11, 5, 3, 3, 1}, LstmShape{1, 1, 4, 33, 2}}) {
    const auto weights = random_lstm_weights(s, device());
    const Tensor x = random({s.steps, s.batch, s.input}, 91), right = whole(s, weights, x);
    for (const int64_t length : {1, 4, 7, 23}) {
      Tensor y = Tensor::empty(right.shape(), device());
      for (size_t d = 0; d < weights.size(); ++d) read_direction(weights, d, x, length, y);
      EXPECT_LT(relative_error(y.to_vector(), right.to_vector()), limit()) << s.hidden << ' ' << length;
      EXPECT_LT(relative_error(y.to_vector(), reference_lstm(s, array_of(x).values, doubles_of(weights))),
                tolerance::kValue)
          << s.hidden << ' ' << length;
    }
  }
}

// Negative control.
TEST_P(LstmInference, AStateThatIsNotHandedOnIsNoticed) {
  const LstmShape s{23, 2, 5, 11, 2};
  const auto weights = random_lstm_weights(s, device());
  const Tensor x = random({s.steps, s.batch, s.input}, 91), right = whole(s, weights, x);
  for (const size_t forgets : {0, 1}) {
    Tensor y = Tensor::empty(right.shape(), device());
    for (size_t d = 0; d < 2; ++d) read_direction(weights, d, x, 7, y, d != forgets);
    EXPECT_GT(relative_error(y.to_vector(), right.to_vector()), 1e-2);
  }
}

TEST_P(LstmInference, LayersOfManyPieces) {
  for (const LstmShape& s : {LstmShape{2100, 1, 3, 5, 2}, LstmShape{1030, 2, 3, 4, 2}, LstmShape{1500, 1, 2, 6, 1},
                             LstmShape{2, 1100, 2, 3, 2}}) {
    const auto weights = random_lstm_weights(s, device());
    const Tensor x = random({s.steps, s.batch, s.input}, 91), right = whole(s, weights, x);
    Tensor y = Tensor::empty(right.shape(), device());
    std::vector<LstmState> states(weights.size());
    lstm_infer(weights, x, states, y);
    EXPECT_LT(relative_error(y.to_vector(), right.to_vector()), limit()) << s.steps;
  }
}

struct Restore {
  ~Restore() { group_limits() = {}; }
};

// cuDNN takes 65,535 steps at a time: what is longer goes in pieces where nothing is trained.
TEST_P(LstmInference, SequencesLongerThanACallAreReadWhole) {
  const Restore restore;
  for (const int64_t steps : {9, 10, 11, 25}) {
    const LstmShape s{steps, 2, 5, 11, 2};
    const auto weights = random_lstm_weights(s, device());
    const Tensor x = random({s.steps, s.batch, s.input}, 91), right = whole(s, weights, x);
    group_limits().lstm_steps = 10;
    std::vector<LstmParameters> parameters;
    for (const LstmWeights& w : weights) parameters.push_back({Var(w.w_ih), Var(w.w_hh), Var(w.b_ih), Var(w.b_hh)});
    EXPECT_LT(relative_error(lstm(Var(x), parameters).value().to_vector(), right.to_vector()), limit()) << steps;
    group_limits() = {};
  }
}

TEST_P(LstmInference, SequencesTooLongToTrainOnAreRefused) {
  if (device() == Device::cpu) return;
  const LstmShape s{11, 3, 5, 11, 2};
  const Restore restore;
  group_limits().lstm_steps = 10;
  EXPECT_THAT(error_of([&] {
                whole(s, random_lstm_weights(s, device()), random({11, 3, 5}, 91));
              }),
              HasSubstr("sequence of 11 steps is too long to train on: cuDNN takes 10; shorter excerpts have fewer"));
}

TEST_P(LstmInference, SequencesOfMoreThan16BitsAreReadWhole) {
  const LstmShape s{65'536, 1, 1, 1, 1};
  const auto weights = random_lstm_weights(s, device());
  const Tensor x = random({s.steps, 1, 1}, 91);
  Tensor y = Tensor::empty({s.steps, 1, 1}, device());
  UNMIX_DISPATCH(device(), lstm_forward, s, weights, x, y, nullptr);
  EXPECT_LT(relative_error(y.to_vector(), reference_lstm(s, array_of(x).values, doubles_of(weights))),
            tolerance::kValue);
}

TEST_P(LstmInference, WritesItsColumnsAndNothingElse) {
  const LstmShape s{3, 2, 4, 5, 1};
  const auto weights = random_lstm_weights(s, device());
  const Tensor x = random({3, 2, 4}, 91);
  for (const bool reverse : {false, true}) {
    LstmState state;
    Tensor y = Tensor::full({3, 2, 9}, 7.0f, device());
    lstm_pieces({{weights[0], x, reverse, &state, y, 3}});
    const std::vector<float> values = y.to_vector(), last = state.h.to_vector();
    for (size_t row = 0; row < 6; ++row)
      for (size_t column = 0; column < 9; ++column)
        EXPECT_EQ(values[row * 9 + column] == 7.0f, column < 3 || column == 8) << row << ' ' << column;
    // The state is the output of the step read last.
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(last[i], values[((reverse ? 0 : 4) + i / 5) * 9 + 3 + i % 5]);
  }
}

TEST_P(LstmInference, AnEarlierStateStaysAsItWas) {
  const LstmShape s{3, 2, 4, 5, 1};
  const auto weights = random_lstm_weights(s, device());
  LstmState state{random({2, 5}, 1), random({2, 5}, 2)};
  const LstmState before = state;
  const std::vector<float> h = before.h.to_vector(), c = before.c.to_vector();
  Tensor y = Tensor::empty({3, 2, 5}, device());
  lstm_pieces({{weights[0], random({3, 2, 4}, 91), false, &state, y}});
  EXPECT_EQ(before.h.to_vector(), h);
  EXPECT_EQ(before.c.to_vector(), c);
  EXPECT_NE(state.c.to_vector(), c);
}

TEST(LstmInferenceOnTheCpu, ASequenceDoesNotDependOnThoseBesideIt) {
  const std::vector<LstmWeights> weights{
      {random_tensor({84, 6}, 1), random_tensor({84, 21}, 2), random_tensor({84}, 3), random_tensor({84}, 4)}};
  const Tensor x = Tensor::full({9, 17, 6}, 0.3f);
  Tensor y = Tensor::empty({9, 17, 21});
  LstmState state;
  lstm_pieces({{weights[0], x, false, &state, y}});
  const std::vector<float> h = state.h.to_vector();
  for (size_t n = 1; n < 17; ++n)
    EXPECT_TRUE(std::equal(h.begin(), h.begin() + 21, h.begin() + static_cast<int64_t>(n) * 21)) << n;
}

// ---- the module ---------------------------------------------------------------------------------------------------

TEST_P(LstmInference, ModulesReadLongSequences) {
  for (const bool bidirectional : {false, true}) {
    Initializer init(7);
    Lstm lstm(6, 5, 3, bidirectional, 0.4, init);
    lstm.to(device());
    lstm.freeze();
    const Tensor x = random({1100, 1, 6}, 5);
    const Tensor y = lstm.infer(x);  // dropout is for training alone
    lstm.train(false);
    EXPECT_LT(relative_error(y.to_vector(), lstm(Var(x)).value().to_vector()), limit());
  }
}

TEST_P(LstmInference, ModulesReadPartByPart) {
  Initializer init(7);
  Lstm lstm(6, 5, 3, false, 0.4, init);
  lstm.to(device());
  const Tensor x = random({40, 2, 6}, 5);
  const std::vector<float> right = lstm.infer(x).to_vector();
  std::vector<LstmState> states;
  std::vector<float> values;
  for (const auto& [begin, end] : {std::pair(0, 1), {1, 2}, {2, 17}, {17, 40}}) {
    const std::vector<float> part = lstm.infer(x.rows(begin, end), states).to_vector();
    values.insert(values.end(), part.begin(), part.end());
  }
  EXPECT_LT(relative_error(values, right), limit());
}

TEST(LstmInferenceOnTheCpu, ReadsInBoundedMemory) {
  Initializer init(7);
  Lstm lstm(16, 8, 3, true, 0.0, init);
  const int64_t steps = 200'000;
  Tensor x = Tensor::zeros({steps, 1, 16});
  release_cpu_memory();
  const size_t before = cpu_memory_use().held;
  lstm.infer(std::move(x));
  // One more sequence of the input's size, and a piece's gates.
  EXPECT_LT(cpu_memory_use().held - before, static_cast<size_t>(steps * 16) * sizeof(float) * 13 / 10);
}

// ---- errors -------------------------------------------------------------------------------------------------------

TEST(LstmInferenceErrors, NameWhatDoesNotFit) {
  const auto of = [](const Shape& shape) { return Tensor::zeros(shape); };
  const LstmWeights weights{of({8, 3}), of({8, 2}), of({8}), of({8})};
  const auto run = [&](const Tensor& x, LstmState state, const Tensor& y, int64_t column = 0) {
    return error_of([&] { lstm_pieces({{weights, x, false, &state, y, column}}); });
  };
  LstmState good;
  lstm_pieces({{weights, of({4, 1, 3}), false, &good, of({4, 1, 2})}});
  EXPECT_THAT(run(of({4, 1, 5}), {}, of({4, 1, 2})), HasSubstr("[8, 3]"));
  EXPECT_THAT(run(of({4, 3}), {}, of({4, 1, 2})), HasSubstr("input [4, 3]"));
  EXPECT_THAT(run(of({4, 1, 3}), {}, of({4, 1, 2}), 1), HasSubstr("output [4, 1, 2] has no columns 1 to 3"));
  EXPECT_THAT(run(of({4, 1, 3}), {}, of({3, 1, 2})), HasSubstr("each of 4 steps"));
  EXPECT_THAT(run(of({4, 1, 3}), {of({1, 3}), of({1, 2})}, of({4, 1, 2})), HasSubstr("state [1, 3] is not [1, 2]"));
  EXPECT_THAT(run(of({4, 1, 3}), {of({1, 2}), {}}, of({4, 1, 2})), HasSubstr("only one of h and c"));
}

TEST(LstmInferenceErrors, OfModules) {
  Initializer init(7);
  const Lstm both(3, 2, 2, true, 0.0, init), one(3, 2, 2, false, 0.0, init);
  std::vector<LstmState> states;
  EXPECT_THAT(error_of([&] { both.infer(Tensor::zeros({4, 1, 3}), states); }), HasSubstr("part by part"));
  states.resize(3);
  EXPECT_THAT(error_of([&] { one.infer(Tensor::zeros({4, 1, 3}), states); }), HasSubstr("3 states for 2 layers"));
  EXPECT_THAT(error_of([&] { one.infer(Tensor::zeros({4, 1, 2})); }), HasSubstr("2 features"));
}

}  // namespace
}  // namespace unmix::test
