// Losses beyond the study's code against other packages, and compositions in float64.
#include <gtest/gtest.h>

#include <cmath>

#include "losses/objective.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class LossGoldens : public ::testing::TestWithParam<Device> {};

INSTANTIATE_TEST_SUITE_P(Devices, LossGoldens, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// "MRSTFT_seed" or, where the variants are one, "MRS"; "" for a loss that the file does not have.
std::string golden_name(const GoldenFile& golden, const LossEntry& loss, Variant variant) {
  const std::string alone(loss.name), varied = alone + (variant == Variant::code ? "_seed" : "_paper");
  return golden.has("value." + varied) ? varied : golden.has("value." + alone) ? alone : "";
}

TEST_P(LossGoldens, ValuesAndGradientsAgree) {
  const GoldenFile golden("losses");
  const Device device = GetParam();
  const auto sizes = golden.options("stft");
  const Stft stft(sizes["n_fft"], sizes["n_hop"], device);
  const std::vector<double> index = golden.values("index");
  int compared = 0;
  for (const LossEntry& loss : loss_registry())
    for (const Variant variant : {Variant::code, Variant::paper}) {
      const std::string name = golden_name(golden, loss, variant);
      if (name.empty()) continue;
      Signals signals(stft, golden.tensor("mixture", device), golden.tensor("targets", device), 44100);
      const Var masks(golden.tensor("masks", device), true);
      signals.set_masks(masks);
      Var value = loss.compute(signals, {variant});
      const double allowed =
          loss.domain == "spectral" ? tolerance::kGoldenSpectralGradient : tolerance::kGoldenGradient;
      const double right = golden.values("value." + name)[0];
      EXPECT_NEAR(value.value().item(), right, tolerance::kGolden * std::fabs(right)) << name;
      value.backward();
      const std::vector<float> gradient = masks.grad().to_vector();
      const std::vector<double> expected = golden.values("gradient." + name);
      for (size_t i = 0; i < index.size(); ++i)
        ASSERT_NEAR(gradient[static_cast<size_t>(index[i])], expected[i], allowed * expected.back())
            << name << " entry " << i;
      ++compared;
    }
  EXPECT_GE(compared, 16);
}

}  // namespace
}  // namespace unmix::test
