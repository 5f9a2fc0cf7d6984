// Weighted sums of losses, as --loss takes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "losses/objective.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

std::string terms_of(const std::string& text) {
  std::string list;
  const Objective objective(text);
  for (const Objective::Term& term : objective.terms()) list += fmt::format("{} {}; ", term.weight, term.loss->name);
  return list;
}

TEST(Objective, ReadsSums) {
  EXPECT_EQ(terms_of("L2freq"), "1 L2freq; ");
  EXPECT_EQ(terms_of(" l2FREQ "), "1 L2freq; ");
  EXPECT_EQ(terms_of("L2freq+0.5*SISDRfreq"), "1 L2freq; 0.5 SISDRfreq; ");
  EXPECT_EQ(terms_of("- 2e-1 * BCE_IRM - L1time + 3*PSA"), "-0.2 BCE_IRM; -1 L1time; 3 PSA; ");
}

TEST(Objective, ShowsThePlaceOfAMistake) {
  const auto message = [](const std::string& text) { return error_of([&] { Objective{text}; }); };
  EXPECT_THAT(message(""), HasSubstr("loss '': a loss is expected at character 1, its end"));
  EXPECT_THAT(message("L2freq + "), HasSubstr("a loss or a weight is expected at character 10, its end"));
  EXPECT_THAT(message("L2freq + * PSA"), HasSubstr("a loss or a weight is expected at character 10 ('* PSA')"));
  EXPECT_THAT(message("L2freq 0.5*PSA"), HasSubstr("'+' or '-' is expected at character 8 ('0.5*PSA')"));
  EXPECT_THAT(message("0.5 PSA"), HasSubstr("'*' is expected at character 5 ('PSA')"));
  EXPECT_THAT(message("2 * nan * PSA"), HasSubstr("there is no loss 'nan'"));
  EXPECT_THAT(message("L2freq + L3freq"), HasSubstr("there is no loss 'L3freq'; nearest: L"));
}

TEST(Objective, AddsItsTermsUp) {
  const Stft stft(64, 16, Device::cpu);
  const Tensor targets = random_tensor({2, 1, 2, 200}, 1), mixture = sum_axis(Var(targets), 0).value();
  const Tensor masks = random_tensor({2, stft.frames(200), 1, 2, stft.bins()}, 2, 0.1, 0.9);
  const auto value = [&](const char* text) {
    const Objective objective(text, {Variant::paper});
    Signals signals(stft, mixture, targets, 44100, objective.needs());
    signals.set_masks(Var(masks));
    return objective(signals).value().item();
  };
  const float a = value("L2freq"), b = value("SISDRtime"), c = value("PSA");
  EXPECT_NEAR(value("L2freq - 0.25*SISDRtime + 2*PSA"), a - 0.25f * b + 2.0f * c, 1e-5f * (a + std::abs(b) + c));
}

TEST(Objective, NeedsAndRateAreThoseOfItsTerms) {
  EXPECT_FALSE(Objective("L2freq + L1mask").needs().waveforms);
  EXPECT_TRUE(Objective("L2freq + L1time").needs().waveforms);
  EXPECT_FALSE(Objective("L2freq + L1time").needs().spectra);
  EXPECT_TRUE(Objective("L1time + PSA").needs().spectra);
  EXPECT_EQ(Objective("L2freq + L1time").learning_rate(), 1e-5);
  EXPECT_EQ(Objective("PSA").learning_rate(), 1e-3);
  EXPECT_TRUE(Objective("L2freq + Adversarial").uses(LossNetworks::discriminators));
  EXPECT_FALSE(Objective("L2freq + Adversarial").uses(LossNetworks::features));
  EXPECT_TRUE(Objective("L2freq + SNRPSA").squared_statistics());
  EXPECT_FALSE(Objective("L2freq + PSA").squared_statistics());
  EXPECT_THAT(Objective("L2freq + MinSNRsdsdr").when_not_finite(), testing::HasSubstr("SDSDRtime"));
  EXPECT_EQ(Objective("L2freq + CombinedMDL").least_sources(), 2);
  EXPECT_EQ(Objective("L2freq + PSA").least_sources(), 1);
}

}  // namespace
}  // namespace unmix::test
