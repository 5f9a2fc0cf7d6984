// Resampling: the stated pass band and stop band measured with tones, and scipy's results with the same filter.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "tests/support/vggish_helpers.h"

namespace unmix::test {
namespace {

constexpr int64_t kFrom = 44100, kTo = 16000, kSamples = 8820;
constexpr int64_t kEdge = 200;  // outputs that see the signal's ends

double tone_at(double frequency, int64_t rate, int64_t i) {
  return std::sin(2.0 * std::numbers::pi * frequency * static_cast<double>(i) / static_cast<double>(rate) + 0.3);
}

// The tone resampled, less `expected` times the tone itself: the largest difference away from the ends.
double largest_difference(double frequency, double expected, Device device) {
  std::vector<float> tone;
  for (int64_t i = 0; i < kSamples; ++i) tone.push_back(static_cast<float>(tone_at(frequency, kFrom, i)));
  const Tensor y = resample(Var(Tensor::from(tone, {kSamples}, device)), kFrom, kTo).value();
  EXPECT_EQ(y.shape(), Shape{kSamples * kTo / kFrom});
  const std::vector<float> values = y.to_vector();
  double largest = 0.0;
  for (int64_t m = kEdge; m + kEdge < y.dim(0); ++m)
    largest = std::max(largest, std::fabs(values[static_cast<size_t>(m)] - expected * tone_at(frequency, kTo, m)));
  return largest;
}

class Resample : public ::testing::TestWithParam<Device> {};

TEST_P(Resample, PassBandIsFlatToItsEdge) {
  const double edge = kResamplePassBand * kTo / 2;
  EXPECT_EQ(edge, 7600.0);
  for (const double frequency : {20.0, 440.0, 1000.0, 3777.0, 6000.0, 7000.0, 7400.0, 7500.0, 7570.0, edge})
    EXPECT_LT(largest_difference(frequency, 1.0, GetParam()), tolerance::kResampleRipple) << frequency << " Hz";
}

TEST_P(Resample, StopBandIsGoneFromItsEdge) {
  const double edge = kResampleStopBand * kTo / 2, limit = std::pow(10.0, -kResampleAttenuation / 20.0);
  EXPECT_EQ(edge, 8000.0);
  EXPECT_EQ(limit, 1e-4);
  for (const double frequency : {edge, 8030.0, 8060.0, 8100.0, 8400.0, 9000.0, 12345.0, 16000.0, 20000.0, 22000.0})
    EXPECT_LT(largest_difference(frequency, 0.0, GetParam()), limit) << frequency << " Hz";
}

// Negative control: half way between the bands a tone is neither kept nor gone.
TEST_P(Resample, BetweenTheBandsATonePassesNeitherCheck) {
  EXPECT_GT(largest_difference(7800.0, 1.0, GetParam()), 0.1);
  EXPECT_GT(largest_difference(7800.0, 0.0, GetParam()), 0.1);
}

TEST_P(Resample, IsScipysWithTheSameFilter) {
  const GoldenFile golden("vggish");
  for (uint32_t i = 0; i < 3; ++i) {
    const std::string name = "resample" + std::to_string(i);
    const auto o = golden.options(name);
    const Var x(hashed(100 + i, {o["samples"]}, 0.5, 0.0, GetParam()));
    const Tensor y = resample(x, o["from_rate"], o["to_rate"]).value();
    EXPECT_LT(golden_error(y, golden.tensor(name + ".output")), tolerance::kGolden) << name;
    // Negative control: a rate that is 0.1 % off.
    const Tensor off = resample(x, o["from_rate"], o["to_rate"].get<int64_t>() + 20).value();
    EXPECT_GT(
        golden_error(Tensor::from(off.to_vector(), off.shape()).rows(0, y.dim(0)), golden.tensor(name + ".output")),
        1e-3);
  }
}

TEST_P(Resample, SameRateIsTheSignalItself) {
  const Tensor x = random_tensor({2, 5}, 1, -1.0, 1.0, GetParam());
  EXPECT_TRUE(resample(Var(x), 16000, 16000).value().shares_buffer(x));
}

TEST_P(Resample, RefusesWhatHasNoSamplesOrNoRate) {
  const Var x(Tensor::zeros({2, 5}, GetParam()));
  EXPECT_NE(error_of([&] { resample(x, 0, 16000); }).find("cannot resample from 0 Hz"), std::string::npos);
  EXPECT_NE(error_of([&] { resample(Var(Tensor::zeros({2, 0})), 44100, 16000); }).find("[2, 0]"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Devices, Resample, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix::test
