// STFT and ISTFT, values and gradients, against torch.stft and torch.istft.
#include <gtest/gtest.h>

#include "layers/stft.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::golden_error;

struct Case {
  std::string name;
  int64_t n_fft, hop, win_length, samples;
  bool center;
  Stft stft(Device device) const { return Stft(n_fft, hop, device, win_length, center); }
};

std::vector<Case> cases(const test::GoldenFile& golden) {
  std::vector<Case> all;
  for (int i = 0; i < golden.options("cases")["count"].get<int>(); ++i) {
    const std::string name = "case" + std::to_string(i);
    const auto o = golden.options(name);
    all.push_back({name, o["n_fft"], o["hop"], o["win_length"], o["samples"], o["center"]});
  }
  return all;
}

double tolerance_on(Device device) { return device == Device::cpu ? tolerance::kGolden : tolerance::kDevices; }

// [batch, bins, frames, 2] -> (frames, batch, bins, 2)
Tensor frames_first(const Tensor& spectrum) { return permute(Var(spectrum), {2, 0, 1, 3}).value(); }

class StftGolden : public ::testing::TestWithParam<Device> {
 protected:
  test::GoldenFile golden{"stft"};
};

TEST_P(StftGolden, SpectraAndTheirGradients) {
  const Device device = GetParam();
  ASSERT_GE(cases(golden).size(), 10u);
  for (const Case& c : cases(golden)) {
    const Stft stft = c.stft(device);
    const Var signal(golden.tensor(c.name + ".signal", device), true);
    const Var spectrum = stft(signal);
    const Tensor expected = frames_first(golden.tensor(c.name + ".spec"));
    EXPECT_LT(golden_error(spectrum.value(), expected), tolerance_on(device)) << c.name;
    EXPECT_LT(golden_error(stft.magnitude(signal.value()), magnitude(Var(expected)).value()), tolerance_on(device))
        << c.name;
    const Tensor weight = frames_first(golden.tensor(c.name + ".stft_weight")).to(device);
    sum(mul(spectrum, Var(weight))).backward();
    EXPECT_LT(golden_error(signal.grad(), golden.tensor(c.name + ".signal_grad")), tolerance_on(device)) << c.name;
  }
}

TEST_P(StftGolden, SignalsAndTheirGradients) {
  const Device device = GetParam();
  int tested = 0;
  for (const Case& c : cases(golden)) {
    if (!golden.has(c.name + ".istft")) continue;
    ++tested;
    const Var spectrum(frames_first(golden.tensor(c.name + ".istft_spec")).to(device), true);
    const Var signal = c.stft(device).inverse(spectrum, golden.options(c.name)["length"]);
    EXPECT_LT(golden_error(signal.value(), golden.tensor(c.name + ".istft")), tolerance_on(device)) << c.name;
    sum(mul(signal, Var(golden.tensor(c.name + ".istft_weight", device)))).backward();
    const Tensor expected = frames_first(golden.tensor(c.name + ".istft_spec_grad"));
    EXPECT_LT(golden_error(spectrum.grad(), expected), tolerance_on(device)) << c.name;
  }
  EXPECT_GE(tested, 8);
}

// Negative control: a symmetric window instead of the periodic one does not pass.
TEST_P(StftGolden, AnotherWindowIsNoticed) {
  const Case c = cases(golden).front();
  StftOptions options{c.n_fft, c.hop, Tensor::empty({c.n_fft}), c.center};
  for (int64_t n = 0; n < c.n_fft; ++n)
    options.window.data()[n] = static_cast<float>(
        0.5 - 0.5 * std::cos(2.0 * M_PI * static_cast<double>(n) / static_cast<double>(c.n_fft - 1)));
  options.window = options.window.to(GetParam());
  const Var spectrum = stft(Var(golden.tensor(c.name + ".signal", GetParam())), options);
  EXPECT_GT(golden_error(spectrum.value(), frames_first(golden.tensor(c.name + ".spec"))), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Devices, StftGolden, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
