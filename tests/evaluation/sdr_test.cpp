#include "evaluation/sdr.h"

#include <cmath>

#include "tests/support/audio_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using ::testing::HasSubstr;

TEST(Sdr, IsTheRatioOfEnergiesOverAllChannels) {
  const Audio reference{8000, 2, {1.0f, 2.0f, 3.0f, 0.0f}};
  const Audio estimate{8000, 2, {1.0f, 2.5f, 3.0f, 0.5f}};
  EXPECT_NEAR(sdr(reference, estimate), 10 * std::log10(14.0 / 0.5), tolerance::kGoldenDouble);
  EXPECT_NEAR(sdr(reference, Audio{8000, 2, {0, 0, 0, 0}}), 0.0, tolerance::kGoldenDouble);
  EXPECT_NE(sdr(estimate, reference), sdr(reference, estimate));
}

TEST(Sdr, SumsAreDouble) {
  Audio reference{8000, 1, std::vector<float>(5'000'000, 1.0f)}, estimate = reference;
  for (float& x : estimate.samples) x = 1.0f + 0x1p-10f;
  EXPECT_NEAR(sdr(reference, estimate), 20 * std::log10(1024.0), 1e-9);
}

TEST(Sdr, ExtremesAreDefined) {
  const Audio signal = test::tone(8000, 2, 100), silence{8000, 2, std::vector<float>(200, 0.0f)};
  EXPECT_EQ(sdr(signal, signal), HUGE_VAL);
  EXPECT_TRUE(std::isnan(sdr(silence, signal)));
  EXPECT_TRUE(std::isnan(sdr(silence, silence)));
}

TEST(Sdr, SignalsThatDifferInFormAreRefused) {
  const Audio signal = test::tone(8000, 2, 100);
  for (const Audio& other : {test::tone(8000, 2, 99), test::tone(8000, 1, 200), test::tone(16000, 2, 100)})
    EXPECT_THAT(error_of([&] { sdr(signal, other); }), HasSubstr("[sdr] reference (8000 Hz, 2 channels, 100 frames)"));
}

}  // namespace
}  // namespace unmix
