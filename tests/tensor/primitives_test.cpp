// LSTM, convolution and Fourier transforms at sizes beyond those of the table of operations.
#include <gtest/gtest.h>

#include <cmath>
#include <dnnl.hpp>
#include <numeric>

#include "autograd/ops.h"
#include "tensor/conv2d.h"
#include "tensor/fft.h"
#include "tensor/lstm.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class Primitives : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  double limit() const { return device() == Device::cpu ? tolerance::kValue : tolerance::kDevicesLibrary; }
  Tensor random(const Shape& shape, uint64_t seed, double bound = 1.0) const {
    return random_tensor(shape, seed, -bound, bound, device());
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Primitives, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

Doubles doubles(const Tensor& tensor) { return array_of(tensor).values; }

double dot(const Doubles& a, const Doubles& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

// ---- LSTM ---------------------------------------------------------------------------------------------------------

struct LstmRun {
  Tensor y, dx;
  std::vector<LstmWeights> gradients;
};

LstmRun run_lstm(const LstmShape& s, const std::vector<LstmWeights>& weights, const Tensor& x, const Tensor& dy) {
  const Device device = x.device();
  LstmRun run{Tensor::empty(dy.shape(), device), Tensor::empty(x.shape(), device), {}};
  std::vector<Tensor> saved;
  UNMIX_DISPATCH(device, lstm_forward, s, weights, x, run.y, &saved);
  for (const LstmWeights& w : weights)
    run.gradients.push_back({w.w_ih.clone(), w.w_hh.clone(), w.b_ih.clone(), w.b_hh.clone()});
  UNMIX_DISPATCH(device, lstm_backward, s, weights, x, run.y, saved, dy, run.dx, run.gradients);
  return run;
}

// d(sum dy y) along a direction of one input, by central differences of the plain computation in double.
double reference_slope(const LstmShape& s, std::vector<Doubles> inputs, size_t input, const Doubles& direction,
                       const Doubles& dy) {
  const auto loss_at = [&](double step) {
    std::vector<Doubles> moved = inputs;
    for (size_t i = 0; i < direction.size(); ++i) moved[input][i] += step * direction[i];
    return dot(dy, reference_lstm(s, moved[0], {moved.begin() + 1, moved.end()}));
  };
  return (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
}

TEST_P(Primitives, LstmIsThePlainRecurrence) {
  for (const LstmShape& s : {LstmShape{9, 33, 13, 16, 2}, LstmShape{5, 16, 7, 11, 1}, LstmShape{4, 1, 3, 40, 2}}) {
    const std::vector<LstmWeights> weights = random_lstm_weights(s, device());
    const Tensor x = random({s.steps, s.batch, s.input}, 91),
                 dy = random({s.steps, s.batch, s.directions * s.hidden}, 92);
    const LstmRun run = run_lstm(s, weights, x, dy);
    std::vector<Doubles> inputs = doubles_of(weights), gradients = doubles_of(run.gradients);
    EXPECT_LT(relative_error(run.y.to_vector(), reference_lstm(s, doubles(x), inputs)), limit());
    inputs.insert(inputs.begin(), doubles(x));
    gradients.insert(gradients.begin(), doubles(run.dx));
    for (size_t i = 0; i < inputs.size(); ++i) {
      // Along the gradient itself, where the slope is its squared norm.
      const double expected = reference_slope(s, inputs, i, gradients[i], doubles(dy));
      EXPECT_NEAR(dot(gradients[i], gradients[i]) / expected, 1.0, 10.0 * limit()) << "input " << i;
      const Doubles direction = doubles(random_tensor({static_cast<int64_t>(inputs[i].size())}, 200 + i));
      const double scale = std::sqrt(dot(gradients[i], gradients[i]));
      EXPECT_NEAR(dot(gradients[i], direction) / scale, reference_slope(s, inputs, i, direction, doubles(dy)) / scale,
                  10.0 * limit())
          << "input " << i;
    }
  }
}

TEST_P(Primitives, LstmInInferenceGivesTheSameValues) {
  const LstmShape s{6, 18, 5, 8, 2};
  const std::vector<LstmWeights> weights = random_lstm_weights(s, device());
  const Tensor x = random({s.steps, s.batch, s.input}, 91);
  Tensor training = Tensor::empty({6, 18, 16}, device()), inference = Tensor::empty({6, 18, 16}, device());
  std::vector<Tensor> saved;
  UNMIX_DISPATCH(device(), lstm_forward, s, weights, x, training, &saved);
  UNMIX_DISPATCH(device(), lstm_forward, s, weights, x, inference, nullptr);
  EXPECT_LT(relative_error(inference.to_vector(), training.to_vector()), tolerance::kValue);
}

// ---- convolution --------------------------------------------------------------------------------------------------

TEST_P(Primitives, Conv2dAndItsAdjointsArePlainSums) {
  // batch, in, height, width, out; kernel, stride, padding
  for (const Conv2dShape& s : {Conv2dShape{2, 3, 17, 20, 8, 3, 1, 1}, Conv2dShape{1, 16, 12, 9, 16, 4, 2, 1},
                               Conv2dShape{3, 1, 11, 30, 5, 5, 3, 0}, Conv2dShape{2, 8, 6, 6, 1, 1, 1, 0}}) {
    const Tensor x = random({s.batch, s.in, s.height, s.width}, 1), w = random({s.out, s.in, s.kernel, s.kernel}, 2);
    const Tensor dy = random({s.batch, s.out, s.out_height(), s.out_width()}, 3);
    Tensor y = Tensor::empty(dy.shape(), device()), dx = Tensor::empty(x.shape(), device()),
           dw = Tensor::empty(w.shape(), device());
    UNMIX_DISPATCH(device(), conv2d_forward, s, x.data(), w.data(), y.data());
    UNMIX_DISPATCH(device(), conv2d_backward_data, s, dy.data(), w.data(), dx.data());
    UNMIX_DISPATCH(device(), conv2d_backward_weight, s, x.data(), dy.data(), dw.data());
    EXPECT_LT(relative_error(y.to_vector(), reference_conv2d(s, doubles(x), doubles(w))), limit());
    // Bilinear: <dy, conv(x', w)> = <dx, x'> for every x', and the same for w.
    const Doubles x2 = doubles(random(x.shape(), 4)), w2 = doubles(random(w.shape(), 5)), gradient = doubles(dy);
    const double norm = std::sqrt(dot(gradient, gradient));
    const Doubles along_x = reference_conv2d(s, x2, doubles(w)), along_w = reference_conv2d(s, doubles(x), w2);
    EXPECT_NEAR(dot(doubles(dx), x2) / norm, dot(gradient, along_x) / norm, limit() * std::sqrt(dot(along_x, along_x)));
    EXPECT_NEAR(dot(doubles(dw), w2) / norm, dot(gradient, along_w) / norm, limit() * std::sqrt(dot(along_w, along_w)));
  }
}

TEST_P(Primitives, Conv2dInBfloat16) {
  if (device() == Device::cpu && dnnl::get_effective_cpu_isa() < dnnl::cpu_isa::avx512_core)
    GTEST_SKIP() << "no AVX-512";
  const PrecisionScope scope(Precision::bf16);
  const Conv2dShape s{2, 3, 17, 20, 8, 3, 1, 1};
  const Var x(random({2, 3, 17, 20}, 1), true), w(random({8, 3, 3, 3}, 2), true);
  const Var y = conv2d(x, w, {}, s.stride, s.padding);
  EXPECT_LT(relative_error(y.value().to_vector(), reference_conv2d(s, doubles(x.value()), doubles(w.value()))),
            tolerance::kBfloat16);
  sum(y).backward();
  const Tensor ones = Tensor::full(y.shape(), 1.0f, device());
  const PrecisionScope exact(Precision::fp32);
  Tensor dx = Tensor::empty(x.shape(), device()), dw = Tensor::empty(w.shape(), device());
  UNMIX_DISPATCH(device(), conv2d_backward_data, s, ones.data(), w.value().data(), dx.data());
  UNMIX_DISPATCH(device(), conv2d_backward_weight, s, x.value().data(), ones.data(), dw.data());
  EXPECT_LT(relative_error(x.grad().to_vector(), dx.to_vector()), tolerance::kBfloat16);
  EXPECT_LT(relative_error(w.grad().to_vector(), dw.to_vector()), tolerance::kBfloat16);
}

// ---- Fourier transforms -------------------------------------------------------------------------------------------

TEST_P(Primitives, RfftAndIrfftArePlainSums) {
  for (const int64_t n : {2, 6, 64, 250, 1024}) {
    const int64_t rows = 3, bins = n / 2 + 1;
    const Tensor x = random({rows, n}, 1), z = random({rows, bins, 2}, 2);
    Tensor spectrum = Tensor::empty({rows, bins, 2}, device()), real = Tensor::empty({rows, n}, device());
    rfft(device(), {n, rows}, x.data(), spectrum.data());
    EXPECT_LT(relative_error(spectrum.to_vector(), reference_rfft(doubles(x), n)), limit()) << n;
    Tensor scratch = z.clone();
    irfft(device(), {n, rows}, scratch.data(), real.data());
    Doubles expected = reference_irfft(doubles(z), n);
    for (double& value : expected) value *= static_cast<double>(n);
    EXPECT_LT(relative_error(real.to_vector(), expected), limit()) << n;
  }
}

TEST_P(Primitives, IrfftUndoesRfft) {
  const Var x(random({5, 3, 4096}, 1));
  EXPECT_LT(relative_error(irfft(rfft(x)).value().to_vector(), x.value().to_vector()), tolerance::kValue);
}

TEST_P(Primitives, IstftUndoesStft) {
  const StftOptions options{256, 64, random_tensor({256}, 1, 0.2, 1.0, device()), true};
  for (const int64_t samples : {1000, 1024, 1025, 130}) {
    const Var x(random({2, samples}, 2));
    const Var back = istft(stft(x, options), options, samples);
    EXPECT_EQ(back.shape(), x.shape());
    EXPECT_LT(relative_error(back.value().to_vector(), x.value().to_vector()), tolerance::kValue) << samples;
  }
}

}  // namespace
}  // namespace unmix::test
