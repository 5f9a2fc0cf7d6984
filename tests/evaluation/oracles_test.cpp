#include "evaluation/oracles.h"

#include <gmock/gmock.h>

#include "evaluation/evaluate_songs.h"
#include "evaluation/sdr.h"
#include "tests/support/audio_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

// Two tones and noise: three sources of one mixture.
struct Signals {
  explicit Signals(int channels) {
    sources = {{"vocals", tone(8000, channels, 9000, 440)},
               {"drums", noise(8000, channels, 9000)},
               {"bass", tone(8000, channels, 9000, 90)}};
    for (float& x : sources[1].second.samples) x *= 0.2f;
    mixture = sum_of(sources, {"vocals", "drums", "bass"});
  }
  NamedAudio sources;
  Audio mixture;
};

class EveryOracle : public ::testing::TestWithParam<Oracle> {};

TEST_P(EveryOracle, BeatsTheMixture) {
  for (const int channels : {1, 2}) {
    const Signals signals(channels);
    const NamedAudio estimates = separate_by_oracle(GetParam(), signals.mixture, signals.sources);
    ASSERT_EQ(estimates.size(), 3u);
    for (size_t j = 0; j < 3; ++j)
      EXPECT_GT(sdr(signals.sources[j].second, estimates[j].second),
                sdr(signals.sources[j].second, signals.mixture) + 5)
          << estimates[j].first << ", " << channels << " channels";
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryOracle,
                         ::testing::Values(Oracle::ibm1, Oracle::ibm2, Oracle::irm1, Oracle::irm2, Oracle::mwf),
                         [](const auto& info) { return std::string(name_of(info.param, oracle_names)); });

// Masks that add up to one, and a Wiener filter whose gains do, give the mixture back.
TEST(Oracles, RatiosAndWienerAddUpToTheMixture) {
  const Signals signals(2);
  for (const Oracle method : {Oracle::irm1, Oracle::irm2, Oracle::mwf}) {
    const NamedAudio estimates = separate_by_oracle(method, signals.mixture, signals.sources);
    EXPECT_GT(sdr(signals.mixture, sum_of(estimates, {"vocals", "drums", "bass"})), 80)
        << name_of(method, oracle_names);
  }
}

// The definition by hand where one source alone sounds: its mask is one, the others' are zero.
TEST(Oracles, ASourceAloneIsGivenBack) {
  Signals signals(2);
  for (size_t j = 1; j < 3; ++j) std::ranges::fill(signals.sources[j].second.samples, 0.0f);
  for (const Oracle method : {Oracle::ibm1, Oracle::irm2, Oracle::mwf}) {
    const NamedAudio estimates = separate_by_oracle(method, signals.sources[0].second, signals.sources);
    EXPECT_GT(sdr(signals.sources[0].second, estimates[0].second), 80) << name_of(method, oracle_names);
    for (const float x : estimates[1].second.samples) ASSERT_NEAR(x, 0, 1e-6) << name_of(method, oracle_names);
  }
}

TEST(Oracles, TheMixtureIsItself) {
  const Signals signals(2);
  EXPECT_EQ(separate_by_oracle(Oracle::mixture, signals.mixture, signals.sources)[1].second.samples,
            signals.mixture.samples);
}

TEST(Oracles, OtherMethodsAreNamed) {
  EXPECT_THAT(error_of([] { choose("method", "IRM", oracle_names); }),
              HasSubstr("mixture, IBM1, IBM2, IRM1, IRM2, MWF"));
}

}  // namespace
}  // namespace unmix::test
