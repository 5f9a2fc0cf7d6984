#include "separation/separator.h"

#include <cmath>

#include "evaluation/sdr.h"
#include "layers/stft.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<float> kMasks{0.5f, 0.25f, 2.0f, 0.0f};

Separator constant_separator(const std::vector<float>& masks, SeparatorOptions options = {}, int64_t channels = 2) {
  return Separator(test::joint_set(test::constant_network(masks, channels)), Device::cpu, std::move(options));
}

Separator random_separator(SeparatorOptions options = {}, int64_t channels = 2) {
  return Separator(test::joint_set(test::random_network("joint", test::small_network(channels))), Device::cpu,
                   std::move(options));
}

Audio scaled(Audio audio, float factor) {
  for (float& x : audio.samples) x *= factor;
  return audio;
}

double error(const Audio& actual, const Audio& expected) {
  EXPECT_EQ(actual.sample_rate, expected.sample_rate);
  EXPECT_EQ(actual.channels, expected.channels);
  return test::relative_error(actual.samples, expected.samples);
}

Audio sum_of(const Separation& separation) {
  Audio sum = separation.estimates[0].second;
  for (size_t k = 1; k < separation.estimates.size(); ++k)
    for (size_t i = 0; i < sum.samples.size(); ++i) sum.samples[i] += separation.estimates[k].second.samples[i];
  return sum;
}

Audio channel_of(const Audio& audio, int c) {
  const auto channel = audio.channel(c);
  return {audio.sample_rate, 1, {channel.begin(), channel.end()}};
}

TEST(Separator, ConstantMasksScaleTheMixtureOfAnyLength) {
  const Separator separator = constant_separator({1.0f, 0.25f, 2.0f, 0.0f});
  for (const int64_t frames : {1, 2, 63, 64, 65, 127, 128, 129, 1000, 1023, 8001}) {
    const Audio mixture = test::noise(8000, 2, frames);
    const Separation result = separator(mixture);
    ASSERT_EQ(result.estimates.size(), 4u);
    EXPECT_LT(error(result.estimates[0].second, mixture), tolerance::kValue) << frames;
    EXPECT_LT(error(result.estimates[1].second, scaled(mixture, 0.25f)), tolerance::kValue) << frames;
    EXPECT_LT(error(result.estimates[2].second, scaled(mixture, 2.0f)), tolerance::kValue) << frames;
    EXPECT_LT(error(result.estimates[3].second, scaled(mixture, 0.0f)), tolerance::kValue) << frames;
    EXPECT_TRUE(result.warnings.empty());
  }
}

// Of 94 frames, of 626 and of 1,094: pieces of 512 frames are one, two and three, the last a short one.
TEST(Separator, EstimatesAreTheMasksTimesTheSpectrum) {
  const Separator separator = random_separator();
  EXPECT_THAT(separator.sources(), ElementsAre("vocals", "drums", "bass", "other"));
  const NoGrad no_grad;
  const Stft stft(128, 32, Device::cpu);
  for (const int64_t samples : {3001, 20'001, 35'001}) {
    const Audio mixture = test::noise(8000, 2, samples);
    const Separation result = separator(mixture);
    const Tensor spectrum = stft(Var(Tensor::from(mixture.samples, {1, 2, samples}))).value();
    const Tensor masks = (*separator.models().models[0].network)(magnitude(Var(spectrum))).value();
    for (int64_t k = 0; k < 4; ++k) {
      Tensor masked = spectrum.clone();
      for (int64_t i = 0; i < masked.size(); ++i) masked.data()[i] *= masks[k].data()[i / 2];
      const Tensor expected = stft.inverse(Var(masked), samples).value();
      const auto& [name, estimate] = result.estimates[static_cast<size_t>(k)];
      EXPECT_EQ(name, separator.sources()[static_cast<size_t>(k)]);
      EXPECT_LT(test::relative_error(estimate.samples, expected.to_vector()), tolerance::kValue) << samples;
      EXPECT_GT(error(estimate, mixture), 1e-2);
    }
    EXPECT_TRUE(test::same_bits(separator(mixture).estimates[2].second.samples, result.estimates[2].second.samples));
  }
}

TEST(Separator, SoftMasksShareTheMixture) {
  const Audio mixture = test::noise(8000, 2, 2000);
  const Separation constant = constant_separator(kMasks, {true, ""})(mixture);
  for (size_t k = 0; k < kMasks.size(); ++k)
    EXPECT_LT(error(constant.estimates[k].second, scaled(mixture, kMasks[k] / 2.75f)), tolerance::kValue) << k;

  const Separator random = random_separator({true, ""});
  EXPECT_LT(error(sum_of(random(mixture)), mixture), tolerance::kValue);
  // Negative control: without soft masks they do not add up to it.
  EXPECT_GT(error(sum_of(random_separator()(mixture)), mixture), 1e-2);
}

TEST(Separator, SoftMasksCountTheSourcesThatAreNotAskedFor) {
  ModelSet set = test::joint_set(test::constant_network(kMasks));
  set.chosen = {"bass", "vocals"};
  const Separator separator(std::move(set), Device::cpu, {true, ""});
  const Audio mixture = test::noise(8000, 2, 500);
  const Separation result = separator(mixture);
  ASSERT_EQ(result.estimates.size(), 2u);
  EXPECT_EQ(result.estimates[0].first, "bass");
  EXPECT_LT(error(result.estimates[0].second, scaled(mixture, 2.0f / 2.75f)), tolerance::kValue);
  EXPECT_LT(error(result.estimates[1].second, scaled(mixture, 0.5f / 2.75f)), tolerance::kValue);
}

TEST(Separator, ModelsOfSingleTargetsWorkTogether) {
  ModelSet set{"model", test::small_separator(), {}, {}};
  set.models.push_back({"vocals", {"vocals"}, test::constant_network({3.0f})});
  set.models.push_back({"drums", {"drums"}, test::constant_network({1.0f})});
  const Audio mixture = test::noise(8000, 2, 700);
  const Separation result = Separator(std::move(set), Device::cpu, {true, "rest"})(mixture);
  ASSERT_EQ(result.estimates.size(), 3u);
  EXPECT_LT(error(result.estimates[0].second, scaled(mixture, 0.75f)), tolerance::kValue);
  EXPECT_LT(error(result.estimates[1].second, scaled(mixture, 0.25f)), tolerance::kValue);
  EXPECT_EQ(result.estimates[2].first, "rest");
}

TEST(Separator, TheResidualCompletesTheMixture) {
  const Audio mixture = test::noise(11025, 2, 3000);  // resampling loses a band, which the residual then holds
  const Separator separator = random_separator({false, "rest"});
  EXPECT_EQ(separator.sources().back(), "rest");
  const Separation result = separator(mixture);
  ASSERT_EQ(result.estimates.size(), 5u);
  EXPECT_LT(error(sum_of(result), mixture), tolerance::kValue);
}

TEST(Separator, AMonoMixtureGoesThroughAStereoModel) {
  const Audio mono = test::noise(8000, 1, 900);
  Audio stereo{8000, 2, mono.samples};
  stereo.samples.insert(stereo.samples.end(), mono.samples.begin(), mono.samples.end());
  const Separator separator = random_separator();
  const Separation from_mono = separator(mono), from_stereo = separator(stereo);
  for (size_t k = 0; k < 4; ++k) {
    Audio mean = channel_of(from_stereo.estimates[k].second, 0);
    const Audio right = channel_of(from_stereo.estimates[k].second, 1);
    for (size_t i = 0; i < mean.samples.size(); ++i) mean.samples[i] = (mean.samples[i] + right.samples[i]) / 2;
    EXPECT_LT(error(from_mono.estimates[k].second, mean), tolerance::kValue);
    EXPECT_GT(error(from_mono.estimates[k].second, right), 1e-3);
  }
}

TEST(Separator, AMonoModelSeparatesEachChannelByItself) {
  const Separator separator = random_separator({}, 1);
  const Audio mixture = test::noise(8000, 2, 900);
  const Separation both = separator(mixture);
  for (int c = 0; c < 2; ++c) {
    const Separation one = separator(channel_of(mixture, c));
    for (size_t k = 0; k < 4; ++k)
      EXPECT_LT(error(channel_of(both.estimates[k].second, c), one.estimates[k].second), tolerance::kValue);
  }
}

TEST(Separator, OfManyChannelsTheFirstTwoAreUsed) {
  const Audio surround = test::noise(8000, 6, 900);
  const Audio front{8000, 2, {surround.samples.begin(), surround.samples.begin() + 2 * 900}};
  for (const int64_t channels : {1, 2}) {
    const Separator separator = random_separator({false, "rest"}, channels);
    const Separation result = separator(surround), expected = separator(front);
    EXPECT_THAT(result.warnings, ElementsAre("of 6 channels the first 2 are used: the places of the channels are not "
                                             "stated, or not known"));
    for (size_t k = 0; k < 5; ++k)
      EXPECT_TRUE(test::same_bits(result.estimates[k].second.samples, expected.estimates[k].second.samples));
  }
}

TEST(Separator, OtherRatesAreResampledAndBack) {
  const Separator separator = constant_separator({1.0f, 0.5f, 0.0f, 0.0f});
  for (const int rate : {8000, 11025, 16000, 44100, 4000}) {
    const Audio mixture = test::tone(rate, 2, rate + 13, 300);
    const Separation result = separator(mixture);
    const Audio& estimate = result.estimates[0].second;
    ASSERT_EQ(estimate.frames(), mixture.frames()) << rate;
    EXPECT_EQ(estimate.sample_rate, rate);
    // The tone's ends are edges, which the resampler's filter smears; elsewhere it is kept.
    EXPECT_GT(sdr(mixture, estimate), 30) << rate;
    double largest = 0.0;
    for (int64_t t = rate / 4; t < 3 * rate / 4; ++t)
      largest = std::max(largest, std::fabs(static_cast<double>(mixture.channel(0)[static_cast<size_t>(t)]) -
                                            estimate.channel(0)[static_cast<size_t>(t)]));
    EXPECT_LT(largest, tolerance::kResampledTone) << rate;
  }
  for (const int64_t frames : {1, 2, 700})
    EXPECT_EQ(separator(test::noise(48000, 1, frames)).estimates[0].second.frames(), frames);
}

TEST(Separator, ImpossibleSignalsAndOptionsAreRefused) {
  const Separator separator = constant_separator(kMasks);
  EXPECT_THAT(error_of([&] { separator({8000, 2, {}}); }), HasSubstr("the mixture holds no samples"));
  EXPECT_THAT(error_of([&] { separator(Audio{}); }), HasSubstr("the mixture holds no samples"));
  for (const float bad : {NAN, INFINITY}) {
    Audio mixture = test::noise(8000, 2, 100);
    mixture.samples[130] = bad;
    EXPECT_THAT(error_of([&] { separator(mixture); }), HasSubstr("the mixture: sample 30 of channel 2"));
  }
  EXPECT_THAT(error_of([] {
                constant_separator({1.0f, 1.0f, NAN, 1.0f})(test::noise(8000, 2, 100));
              }),
              HasSubstr("the estimate of bass"));
  EXPECT_THAT(error_of([] {
                constant_separator(kMasks, {false, "drums"});
              }),
              HasSubstr("residual drums: a target has that name already"));
  EXPECT_THAT(error_of([] {
                ModelSet set{"model", test::small_separator(), {}, {}};
                set.models.push_back({"vocals", {"vocals"}, test::constant_network({1.0f})});
                Separator(std::move(set), Device::cpu, {true, ""});
              }),
              HasSubstr("softmask: sharing the mixture needs"));
}

class SeparatorOn : public ::testing::TestWithParam<Device> {};

TEST_P(SeparatorOn, GivesTheSameOnEveryDevice) {
  const Audio mixture = test::noise(8000, 2, 2000);
  for (const bool soft : {false, true}) {
    auto network = test::random_network("joint", test::small_network());
    network->to(GetParam());
    const Separation result = Separator(test::joint_set(std::move(network)), GetParam(), {soft, ""})(mixture);
    const Separation expected = random_separator({soft, ""})(mixture);
    for (size_t k = 0; k < 4; ++k)
      EXPECT_LT(error(result.estimates[k].second, expected.estimates[k].second), tolerance::kDevicesLibrary);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, SeparatorOn, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
