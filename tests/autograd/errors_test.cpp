// Bad calls: each throws one Error whose message starts with "[operation]" and names the shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "autograd/loss_ops.h"
#include "autograd/openunmix_ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/audio_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct BadCall {
  std::string op, what, quoted;  // `quoted` must stand in the message
  std::function<void()> call;
};

Var of(Shape shape) { return Var(Tensor::zeros(std::move(shape))); }

LstmParameters lstm_parameters(int64_t input, int64_t hidden) {
  return {of({4 * hidden, input}), of({4 * hidden, hidden}), of({4 * hidden}), of({4 * hidden})};
}

BatchStatistics statistics(int64_t channels) { return {Tensor::zeros({channels}), Tensor::full({channels}, 1.0f)}; }

void call_batch_norm(Shape x, int64_t weight, int64_t bias, int64_t running) {
  BatchStatistics s = statistics(running);
  batch_norm(of(std::move(x)), {of({weight}), of({bias}), &s, true});
}

void call_mask_head(Shape x, int64_t weight, int64_t running, Shape scale, Shape shift, Tensor out = {}) {
  BatchStatistics s = statistics(running);
  mask_head(of(std::move(x)), {of({weight}), of({weight}), &s, true}, of(std::move(scale)), of(std::move(shift)), out);
}

StftOptions options(int64_t n_fft, int64_t hop, bool center = true, int64_t window = 0) {
  return {n_fft, hop, Tensor::full({window > 0 ? window : std::max<int64_t>(n_fft, 0)}, 1.0f), center};
}

// One call a line.
// clang-format off
std::vector<BadCall> pointwise_calls() {
  std::vector<BadCall> calls;
  using Binary = Var (*)(const Var&, const Var&);
  for (const auto& [op, f] : {std::pair<const char*, Binary>{"add", add}, {"sub", sub}, {"mul", mul}, {"div", div}}) {
    calls.push_back({op, "other_shape", "[2, 3] and [2, 4]", [f = f] { f(of({2, 3}), of({2, 4})); }});
    calls.push_back({op, "first_axes", "[2, 3] and [2]", [f = f] { f(of({2, 3}), of({2})); }});
    calls.push_back({op, "second_larger", "[3] and [2, 3]", [f = f] { f(of({3}), of({2, 3})); }});
    calls.push_back({op, "axis_of_one", "[2, 3] and [2, 1]", [f = f] { f(of({2, 3}), of({2, 1})); }});
  }
  for (const float p : {-0.1f, 1.0f, 2.0f, NAN})
    calls.push_back({"dropout", "probability", "in [0, 1)", [p] { dropout(of({3}), p, 0, 0); }});
  return calls;
}

std::vector<BadCall> shape_calls() {
  return {
      {"mean", "nothing", "[0, 3]", [] { mean(of({0, 3})); }},
      {"sum_axis", "beyond", "[2, 3] has no axis 2", [] { sum_axis(of({2, 3}), 2); }},
      {"sum_axis", "below", "[2, 3] has no axis -3", [] { sum_axis(of({2, 3}), -3); }},
      {"sum_axis", "scalar", "[] has no axis 0", [] { sum_axis(of({}), 0); }},
      {"reshape", "other_size", "[2, 3] cannot become [4, 2]", [] { reshape(of({2, 3}), {4, 2}); }},
      {"reshape", "no_whole_number", "[2, 3]", [] { reshape(of({2, 3}), {4, -1}); }},
      {"reshape", "two_unknown", "[2, 3]", [] { reshape(of({2, 3}), {-1, -1}); }},
      {"permute", "twice", "[2, 3]", [] { permute(of({2, 3}), {0, 0}); }},
      {"permute", "missing", "[2, 3]", [] { permute(of({2, 3}), {0}); }},
      {"permute", "negative", "[2, 3]", [] { permute(of({2, 3}), {0, -1}); }},
      {"concat", "nothing", "nothing to join", [] { concat({}, 0); }},
      {"concat", "other_axis", "[2, 3] and [3, 3]", [] { concat({of({2, 3}), of({3, 3})}, 1); }},
      {"concat", "other_rank", "[2, 3]", [] { concat({of({2, 3}), of({2})}, 0); }},
      {"concat", "no_axis", "has no axis 2", [] { concat({of({2, 3})}, 2); }},
      {"slice", "beyond", "[2, 3]", [] { slice(of({2, 3}), 1, 0, 4); }},
      {"slice", "negative", "[2, 3]", [] { slice(of({2, 3}), 1, -1, 2); }},
      {"slice", "backwards", "[2, 3]", [] { slice(of({2, 3}), 1, 2, 1); }},
      {"slice", "no_axis", "has no axis -3", [] { slice(of({2, 3}), -3, 0, 1); }},
      {"pad", "negative", "-1 and 0", [] { pad(of({2, 3}), 1, -1, 0); }},
      {"pad", "no_axis", "has no axis 2", [] { pad(of({2, 3}), 2, 1, 1); }},
      {"stack", "nothing", "nothing to stack", [] { stack({}); }},
      {"stack", "other_shape", "[2, 3] and [3, 2]", [] { stack({of({2, 3}), of({3, 2})}); }},
  };
}

std::vector<BadCall> product_calls() {
  return {
      {"matmul", "inner", "[2, 3] and [2, 3]", [] { matmul(of({2, 3}), of({2, 3})); }},
      {"matmul", "inner_transposed", "[2, 3] transposed", [] { matmul(of({2, 3}), of({3, 2}), {.a = true}); }},
      {"matmul", "batch", "[2, 2, 3] and [3, 3, 2]", [] { matmul(of({2, 2, 3}), of({3, 3, 2})); }},
      {"matmul", "rank", "[2, 2, 3] and [3, 2]", [] { matmul(of({2, 2, 3}), of({3, 2})); }},
      {"matmul", "vector", "[3]", [] { matmul(of({3}), of({3})); }},
      {"linear", "features", "[2, 3] and weight [4, 2]", [] { linear(of({2, 3}), of({4, 2})); }},
      {"linear", "scalar", "[]", [] { linear(of({}), of({4, 2})); }},
      {"linear", "bias", "bias [3]", [] { linear(of({2, 3}), of({4, 3}), of({3})); }},
      {"linear", "scalar_bias", "bias []", [] { linear(of({2, 3}), of({1, 3}), of({})); }},
      {"conv2d", "channels", "[1, 2, 4, 4]", [] { conv2d(of({1, 2, 4, 4}), of({3, 1, 3, 3}), {}, 1, 0); }},
      {"conv2d", "rank", "[2, 4, 4]", [] { conv2d(of({2, 4, 4}), of({3, 2, 3, 3}), {}, 1, 0); }},
      {"conv2d", "not_square", "[3, 2, 3, 2]", [] { conv2d(of({1, 2, 4, 4}), of({3, 2, 3, 2}), {}, 1, 0); }},
      {"conv2d", "bias", "[1, 2, 4, 4]", [] { conv2d(of({1, 2, 4, 4}), of({3, 2, 3, 3}), of({2}), 1, 0); }},
      {"conv2d", "kernel", "[1, 2, 2, 4]", [] { conv2d(of({1, 2, 2, 4}), of({3, 2, 3, 3}), {}, 1, 0); }},
      {"conv2d", "stride", "stride 0", [] { conv2d(of({1, 2, 4, 4}), of({3, 2, 3, 3}), {}, 0, 0); }},
      {"conv2d", "padding", "padding -1", [] { conv2d(of({1, 2, 9, 9}), of({3, 2, 3, 3}), {}, 1, -1); }},
      {"max_pool2d", "rank", "[4, 4]", [] { max_pool2d(of({4, 4}), 2, 2); }},
      {"max_pool2d", "kernel", "[1, 1, 4, 2]", [] { max_pool2d(of({1, 1, 4, 2}), 3, 1); }},
      {"max_pool2d", "stride", "stride 0", [] { max_pool2d(of({1, 1, 4, 4}), 2, 0); }},
      {"max_pool2d", "no_kernel", "windows of 0", [] { max_pool2d(of({1, 1, 4, 4}), 0, 1); }},
  };
}

std::vector<BadCall> network_calls() {
  return {
      {"lstm", "rank", "[2, 3]", [] { lstm(of({2, 3}), {lstm_parameters(3, 2)}); }},
      {"lstm", "no_direction", "0 directions", [] { lstm(of({2, 1, 3}), {}); }},
      {"lstm", "three_directions", "3 directions",
       [] { lstm(of({2, 1, 3}), {lstm_parameters(3, 2), lstm_parameters(3, 2), lstm_parameters(3, 2)}); }},
      {"lstm", "features", "[8, 4]", [] { lstm(of({2, 1, 3}), {lstm_parameters(4, 2)}); }},
      {"lstm", "unequal_directions", "[12, 3]",
       [] { lstm(of({2, 1, 3}), {lstm_parameters(3, 2), lstm_parameters(3, 3)}); }},
      {"lstm", "flat_weights", "[16]",
       [] { lstm(of({2, 1, 3}), {LstmParameters{of({8, 3}), of({16}), of({8}), of({8})}}); }},
      {"lstm", "no_steps", "[0, 1, 3] is empty", [] { lstm(of({0, 1, 3}), {lstm_parameters(3, 2)}); }},
      {"batch_norm", "rank", "[3]", [] { call_batch_norm({3}, 3, 3, 3); }},
      {"batch_norm", "weight", "weight [4]", [] { call_batch_norm({2, 3}, 4, 4, 4); }},
      {"batch_norm", "bias", "bias [2]", [] { call_batch_norm({2, 3}, 3, 2, 3); }},
      {"batch_norm", "running", "[2, 3]", [] { call_batch_norm({2, 3}, 3, 3, 2); }},
      {"batch_norm", "one_value", "[1, 3] has one value per channel", [] { call_batch_norm({1, 3}, 3, 3, 3); }},
      {"standardize", "rank", "[2, 3]", [] { standardize(of({2, 3}), of({3}), of({3})); }},
      {"standardize", "too_many", "[2, 1, 3]", [] { standardize(of({2, 1, 3}), of({4}), of({4})); }},
      {"standardize", "unequal", "shift [2] and scale [3]", [] { standardize(of({2, 1, 3}), of({2}), of({3})); }},
      {"mask_head", "rank", "[2, 2, 3]", [] { call_mask_head({2, 2, 3}, 2, 2, {3}, {3}); }},
      {"mask_head", "weight", "weight [3]", [] { call_mask_head({2, 4}, 3, 3, {2}, {2}); }},
      {"mask_head", "running", "[2, 4]", [] { call_mask_head({2, 4}, 4, 3, {2}, {2}); }},
      {"mask_head", "bins", "scale [3]", [] { call_mask_head({2, 4}, 4, 4, {3}, {3}); }},
      {"mask_head", "shift", "shift [3]", [] { call_mask_head({2, 4}, 4, 4, {2}, {3}); }},
      {"mask_head", "output", "output [2, 3]", [] { call_mask_head({2, 4}, 4, 4, {2}, {2}, Tensor::zeros({2, 3})); }},
      {"mask_head", "one_value", "one value per channel", [] { call_mask_head({1, 4}, 4, 4, {2}, {2}); }},
  };
}

std::vector<BadCall> spectrum_calls() {
  return {
      {"rfft", "odd", "[2, 5]", [] { rfft(of({2, 5})); }},
      {"rfft", "empty", "[2, 0]", [] { rfft(of({2, 0})); }},
      {"rfft", "scalar", "[]", [] { rfft(of({})); }},
      {"irfft", "real", "[2, 5]", [] { irfft(of({2, 5})); }},
      {"irfft", "one_bin", "[1, 2]", [] { irfft(of({1, 2})); }},
      {"stft", "odd", "n_fft 7", [] { stft(of({20}), options(7, 2)); }},
      {"stft", "hop", "hop 9", [] { stft(of({20}), options(8, 9)); }},
      {"stft", "no_hop", "hop 0", [] { stft(of({20}), options(8, 0)); }},
      {"stft", "window", "n_fft = 8", [] { stft(of({20}), options(8, 2, true, 6)); }},
      {"stft", "too_short_to_reflect", "4", [] { stft(of({4}), options(8, 2)); }},
      {"stft", "shorter_than_a_window", "7 samples", [] { stft(of({7}), options(8, 2, false)); }},
      {"stft", "scalar", "[]", [] { stft(of({}), options(8, 2)); }},
      {"stft", "magnitude_too_short", "4", [] { stft_magnitude(Tensor::zeros({4}), options(8, 2)); }},
      {"istft", "bins", "[3, 4]", [] { istft(of({3, 4, 2}), options(8, 2)); }},
      {"istft", "real", "[3, 5]", [] { istft(of({3, 5}), options(8, 2)); }},
      {"istft", "hop", "hop 9", [] { istft(of({3, 5, 2}), options(8, 9)); }},
      {"istft", "one_frame", "1 frames", [] { istft(of({1, 5, 2}), options(8, 2)); }},
      {"resample", "scalar", "[]", [] { resample(of({}), 3, 2); }},
      {"resample", "rate", "to 0 Hz", [] { resample(of({8}), 3, 0); }},
      {"magnitude", "real", "[2, 3]", [] { magnitude(of({2, 3})); }},
      {"magnitude", "scalar", "[]", [] { magnitude(of({})); }},
      {"apply_mask", "real", "[2, 3]", [] { apply_mask(of({2, 3}), Tensor::zeros({2, 3})); }},
      {"apply_mask", "bins", "[2, 3]", [] { apply_mask(of({2, 3}), Tensor::zeros({2, 4, 2})); }},
      {"masked_istft", "real", "[2, 3]", [] { masked_istft(of({2, 2, 3}), Tensor::zeros({2, 3}), options(4, 2)); }},
      {"masked_istft", "mask", "[3, 5]", [] { masked_istft(of({3, 5}), Tensor::zeros({3, 5, 2}), options(8, 2)); }},
      {"masked_istft", "bins", "[3, 4]", [] { masked_istft(of({1, 3, 4}), Tensor::zeros({3, 4, 2}), options(8, 2)); }},
  };
}

std::vector<BadCall> loss_calls() {
  const auto estimate = [](Shape mask, Shape mixture) {
    return Estimate{of(std::move(mask)), Tensor::zeros(std::move(mixture))};
  };
  const auto zeros = [](Shape shape) { return Tensor::zeros(std::move(shape)); };
  return {
      {"distance", "target", "[2, 4]", [=] { distance({of({2, 3})}, zeros({2, 4}), Distance::squared); }},
      {"distance", "magnitude", "[4, 3]",
       [=] { distance(estimate({2, 3, 4}, {4, 3}), zeros({2, 3, 4}), Distance::squared); }},
      {"distance", "scalar", "[]", [=] { distance({of({})}, zeros({}), Distance::absolute); }},
      {"gram_difference", "rank", "[2, 3]", [=] { gram_difference(of({2, 3}), zeros({2, 3})); }},
      {"gram_difference", "target", "[1, 3, 2]", [=] { gram_difference(of({1, 2, 3}), zeros({1, 3, 2})); }},
      {"project", "target", "[2, 4]", [=] { project({of({2, 3})}, zeros({2, 4}), Gain::one, Vectors::all); }},
      {"project", "magnitude", "[4]", [=] { project(estimate({2, 3}, {4}), zeros({3}), Gain::one, Vectors::all); }},
      {"binary_cross_entropy", "targets", "[2, 4]", [=] { binary_cross_entropy(of({2, 3}), zeros({2, 4})); }},
      {"cross_entropy", "labels", "[2, 3]", [=] { cross_entropy(of({2, 3}), zeros({2, 3})); }},
      {"spectral_distances", "target", "[2, 3, 4]", [=] { spectral_distances(of({2, 3, 2}), zeros({2, 3, 4}), 0.1f); }},
      {"spectral_distances", "frames", "[3]", [=] { spectral_distances(of({3, 2}), zeros({3}), 0.1f); }},
  };
}
// clang-format on

const std::vector<BadCall>& bad_calls() {
  static const std::vector<BadCall> all = [] {
    std::vector<BadCall> calls;
    for (const auto& part :
         {pointwise_calls(), shape_calls(), product_calls(), network_calls(), spectrum_calls(), loss_calls()})
      calls.insert(calls.end(), part.begin(), part.end());
    return calls;
  }();
  return all;
}

TEST(OpErrors, ABadCallIsRefusedInOneLineThatNamesOperationAndShapes) {
  for (const BadCall& bad : bad_calls()) {
    const std::string message = error_of(bad.call);
    EXPECT_THAT(message, StartsWith("[" + bad.op + "] ")) << bad.op << " " << bad.what;
    EXPECT_THAT(message, HasSubstr(bad.quoted)) << bad.op << " " << bad.what;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(OpErrors, EveryOperationThatCanBeCalledBadlyIsAmongThem) {
  std::set<std::string> tested;
  const std::set<std::string> free_of_conditions = {"scale",      "add_scalar", "abs",      "square",  "sqrt",
                                                    "exp",        "log",        "tanh",     "sigmoid", "relu",
                                                    "leaky_relu", "sum",        "clamp_min"};
  for (const BadCall& bad : bad_calls()) tested.insert(bad.op);
  for (const OpRow& row : op_table()) EXPECT_NE(tested.contains(row.op), free_of_conditions.contains(row.op)) << row.op;
}

TEST(OpErrors, ALossIsOneValue) {
  Var x(Tensor::zeros({2}), true);
  EXPECT_THAT(error_of([&] { square(x).backward(); }), StartsWith("[backward] a loss is one value, not shape [2]"));
}

}  // namespace
}  // namespace unmix::test
