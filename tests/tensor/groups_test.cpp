// Work that comes in groups because it is too large for one call: at two and three groups, the last a short one,
// against plain sums in double and against the same work undivided.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "tensor/fft.h"
#include "tensor/group_limits.h"
#include "tensor/stft.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class Groups : public ::testing::TestWithParam<Device> {
 protected:
  ~Groups() override { group_limits() = {}; }
  Device device() const { return GetParam(); }
  double limit() const { return device() == Device::cpu ? tolerance::kValue : tolerance::kDevices; }
  Tensor random(const Shape& shape, uint64_t seed) const { return random_tensor(shape, seed, 0.2, 1.0, device()); }
};

INSTANTIATE_TEST_SUITE_P(Devices, Groups, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// ---- short-time Fourier transforms --------------------------------------------------------------------------------

constexpr double kTurn = 2.0 * std::numbers::pi;

struct StftInputs {
  StftFrames shape;
  Tensor window, scale, signal, spectrum, mask;
};

// Position t of a signal, or what it mirrors; -1 for none.
int64_t source_of(const StftFrames& s, int64_t t) {
  if (t >= 0 && t < s.samples) return t;
  if (s.edge == Edge::zero) return -1;
  return t < 0 ? -t : 2 * (s.samples - 1) - t;
}

double gain(const StftFrames& s, int64_t k) {
  return static_cast<double>(k == 0 || k == s.bins() - 1 ? s.outer_gain : s.inner_gain);
}

// The spectrum of inputs.signal by the formula of tensor/stft.h.
Doubles reference_analysis(const StftInputs& inputs) {
  const StftFrames& s = inputs.shape;
  const Array window = array_of(inputs.window), scale = array_of(inputs.scale), x = array_of(inputs.signal);
  Doubles result;
  for (int64_t row = 0; row < s.frames * s.signals; ++row)
    for (int64_t k = 0; k < s.bins(); ++k) {
      double re = 0.0, im = 0.0;
      for (int64_t n = 0; n < s.n_fft; ++n) {
        const int64_t t = source_of(s, row / s.signals * s.hop - s.pad + n);
        if (t < 0) continue;
        const double value = window[n] * x[row % s.signals * s.samples + t] * scale[t];
        const double angle = -kTurn * static_cast<double>(k * n % s.n_fft) / static_cast<double>(s.n_fft);
        re += value * std::cos(angle), im += value * std::sin(angle);
      }
      result.push_back(gain(s, k) * re), result.push_back(gain(s, k) * im);
    }
  return result;
}

// The signal of inputs.spectrum, masked.
Doubles reference_synthesis(const StftInputs& inputs) {
  const StftFrames& s = inputs.shape;
  const Array window = array_of(inputs.window), scale = array_of(inputs.scale), bins = array_of(inputs.spectrum),
              mask = array_of(inputs.mask);
  Doubles result(static_cast<size_t>(s.signals * s.samples));
  for (int64_t row = 0; row < s.frames * s.signals; ++row)
    for (int64_t n = 0; n < s.n_fft; ++n) {
      const int64_t t = source_of(s, row / s.signals * s.hop - s.pad + n);
      if (t < 0) continue;
      double sum = 0.0;
      for (int64_t k = 0; k < s.bins(); ++k) {
        const int64_t at = row * s.bins() + k;
        const double angle = kTurn * static_cast<double>(k * n % s.n_fft) / static_cast<double>(s.n_fft);
        const double both = k == 0 || k == s.bins() - 1 ? 1.0 : 2.0;
        const double real = bins[2 * at] * std::cos(angle) - (both == 1.0 ? 0.0 : bins[2 * at + 1] * std::sin(angle));
        sum += both * gain(s, k) * mask[at] * real;
      }
      result[static_cast<size_t>(row % s.signals * s.samples + t)] += scale[t] * window[n] * sum;
    }
  return result;
}

struct Analysed {
  std::vector<float> spectrum, magnitude, dot, magnitude_alone;
  bool operator==(const Analysed&) const = default;
};

Analysed analyse(const StftInputs& in, Device device) {
  const StftFrames& s = in.shape;
  const auto run = [&](const StftOutputs& out) {
    stft_analysis(device, s, in.window.data(), in.scale.data(), in.signal.data(), out);
  };
  Tensor spectrum = Tensor::empty({s.frames, s.signals, s.bins(), 2}, device);
  Tensor magnitude = Tensor::empty({s.frames, s.signals, s.bins()}, device), dot = magnitude.clone(),
         alone = magnitude.clone();
  run({.spectrum = spectrum.data(), .magnitude = magnitude.data()});
  run({.other = in.spectrum.data(), .dot = dot.data()});
  run({.magnitude = alone.data()});
  return {spectrum.to_vector(), magnitude.to_vector(), dot.to_vector(), alone.to_vector()};
}

std::vector<float> synthesise(const StftInputs& in, Device device) {
  Tensor signal = Tensor::empty({in.shape.signals, in.shape.samples}, device);
  stft_synthesis(device, in.shape, in.window.data(), in.scale.data(), in.spectrum.data(), in.mask.data(),
                 signal.data());
  return signal.to_vector();
}

// Limits under which `frames` frames of the shape come in groups of `group`, whose rows are divided once more.
GroupLimits frames_at_a_time(const StftFrames& s, int64_t group) {
  GroupLimits limits;
  limits.stft_floats = group * s.signals * s.n_fft;
  limits.fft_values = (group * s.signals * 2 / 5 + 1) * s.n_fft;
  return limits;
}

class StftGroups : public Groups {
 protected:
  StftInputs inputs(Edge edge) const {
    const StftFrames s{16, 4, 8, 3, 23 * 4 - 5, 22, edge, 0.75f, 1.5f};
    return {s,
            random({s.n_fft}, 1),
            random({s.samples}, 2),
            random_tensor({s.signals, s.samples}, 3, -1.0, 1.0, device()),
            random_tensor({s.frames, s.signals, s.bins(), 2}, 4, -1.0, 1.0, device()),
            random({s.frames, s.signals, s.bins()}, 5)};
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, StftGroups, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(StftGroups, OfFramesAreAnalysedAsOne) {
  for (const Edge edge : {Edge::zero, Edge::reflect}) {
    const StftInputs in = inputs(edge);
    group_limits() = {};
    const Analysed whole = analyse(in, device());
    const Doubles right = reference_analysis(in), other = array_of(in.spectrum).values;
    for (const int64_t group : {1, 8, 12, 21, 22}) {
      group_limits() = frames_at_a_time(in.shape, group);
      const Analysed got = analyse(in, device());
      EXPECT_EQ(got, whole) << group;
      EXPECT_LT(relative_error(got.spectrum, right), limit()) << group;
      Doubles magnitude, dot;
      for (size_t i = 0; i < right.size(); i += 2) {
        magnitude.push_back(std::hypot(right[i], right[i + 1]));
        dot.push_back(right[i] * other[i] + right[i + 1] * other[i + 1]);
      }
      EXPECT_LT(relative_error(got.magnitude, magnitude), limit()) << group;
      EXPECT_LT(relative_error(got.dot, dot), limit()) << group;
      EXPECT_EQ(got.magnitude_alone, got.magnitude) << group;
    }
  }
}

// Samples under frames of two groups are summed in another order.
TEST_P(StftGroups, OfFramesAreAddedUpAsOne) {
  for (const Edge edge : {Edge::zero, Edge::reflect}) {
    const StftInputs in = inputs(edge);
    const Doubles right = reference_synthesis(in);
    for (const int64_t group : {1, 8, 12, 21, 22}) {
      group_limits() = frames_at_a_time(in.shape, group);
      EXPECT_LT(relative_error(synthesise(in, device()), right), limit()) << group;
    }
  }
}

// On the CPU a task takes 64 hops of a signal.
TEST_P(StftGroups, OfManyHopsAreAddedUpAsOne) {
  StftInputs in = inputs(Edge::reflect);
  for (const int64_t hops : {100, 150}) {
    StftFrames& s = in.shape;
    s.samples = hops * s.hop + 3, s.frames = hops + 1;
    in.scale = random({s.samples}, 2);
    in.spectrum = random_tensor({s.frames, s.signals, s.bins(), 2}, 4, -1.0, 1.0, device());
    in.mask = random({s.frames, s.signals, s.bins()}, 5);
    EXPECT_LT(relative_error(synthesise(in, device()), reference_synthesis(in)), limit()) << hops;
  }
}

// ---- Fourier transforms -------------------------------------------------------------------------------------------

TEST_P(Groups, OfRowsAreTransformedAsOne) {
  const int64_t n = 16, rows = 23;
  const Tensor x = random_tensor({rows, n}, 1, -1.0, 1.0, device());
  const Tensor z = random_tensor({rows, n / 2 + 1, 2}, 2, -1.0, 1.0, device());
  std::vector<float> spectra, signals;
  for (const int64_t group : {23, 22, 12, 8, 1}) {
    group_limits().fft_values = group * n + 3;
    Tensor spectrum = Tensor::empty(z.shape(), device()), scratch = z.clone(),
           real = Tensor::empty(x.shape(), device());
    rfft(device(), {n, rows}, x.data(), spectrum.data());
    irfft(device(), {n, rows}, scratch.data(), real.data());
    EXPECT_LT(relative_error(spectrum.to_vector(), reference_rfft(array_of(x).values, n)), limit()) << group;
    Doubles right = reference_irfft(array_of(z).values, n);
    for (double& value : right) value *= static_cast<double>(n);
    EXPECT_LT(relative_error(real.to_vector(), right), limit()) << group;
    if (group == rows) spectra = spectrum.to_vector(), signals = real.to_vector();
    EXPECT_EQ(spectrum.to_vector(), spectra) << group;
    EXPECT_EQ(real.to_vector(), signals) << group;
  }
}

// ---- kernels ------------------------------------------------------------------------------------------------------

// With few blocks a thread takes several elements.
TEST_P(Groups, OfElementsAreDoneAsOne) {
  const Var x(random({1300}, 1)), y(random({1300}, 2));
  const std::vector<float> whole = add(x, y).value().to_vector();
  for (const int64_t blocks : {1, 2, 3, 5}) {
    group_limits().kernel_blocks = blocks;
    EXPECT_EQ(add(x, y).value().to_vector(), whole) << blocks;
  }
}

}  // namespace
}  // namespace unmix::test
