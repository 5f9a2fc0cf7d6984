// BSSEval against museval's (tests/golden/bss_eval.safetensors) and against the MATLAB toolbox's.
#include "evaluation/bss_eval.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/bss_signals.h"
#include "tests/support/golden_file.h"
#include "tests/support/paths.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

const GoldenFile& golden() {
  static const GoldenFile file("bss_eval");
  return file;
}

BssEvalOptions options_of(const nlohmann::json& described) {
  BssEvalOptions options;
  const std::string mode = described["mode"];
  options.mode = mode == "v4" ? BssMode::v4 : BssMode::v3;
  options.window = described["window"];
  options.hop = described["hop"];
  options.sources = mode == "sources";
  options.permute = mode == "sources" || mode == "images";
  options.threads = 2;
  return options;
}

BssEvaluation evaluate(const nlohmann::json& d) {
  const BssCase signals = bss_signals(d["sources"], d["channels"], d["frames"], d["special"]);
  return bss_eval(signals.references, signals.estimates, options_of(d));
}

class BssGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(BssGolden, AgreesWithMuseval) {
  const nlohmann::json described = golden().options(GetParam());
  const std::vector<double> expected = golden().values(GetParam() + ".scores");
  const std::vector<double> order = golden().values(GetParam() + ".permutation");
  const BssEvaluation actual = evaluate(described);
  const size_t sources = actual.scores.size(), windows = actual.scores[0].size();
  ASSERT_EQ(expected.size(), 4 * sources * windows);
  const double tolerance =
      described["special"] == "near-singular" ? tolerance::kBssNearSingular : tolerance::kBssDecibels;
  for (size_t m = 0; m < 4; ++m)
    for (size_t s = 0; s < sources; ++s)
      for (size_t w = 0; w < windows; ++w) {
        const double wanted = expected[(m * sources + s) * windows + w], got = actual.scores[s][w][m];
        ASSERT_EQ(std::isnan(got), std::isnan(wanted)) << bss_metrics[m] << " of " << s << " in window " << w;
        EXPECT_EQ(actual.permutation[s][w], order[s * windows + w]);
        if (std::isnan(wanted)) continue;
        EXPECT_NEAR(got, wanted, tolerance) << bss_metrics[m] << " of " << s << " in window " << w;
      }
}

std::vector<std::string> case_names() { return golden().options("cases")["names"]; }
INSTANTIATE_TEST_SUITE_P(All, BssGolden, ::testing::ValuesIn(case_names()),
                         [](const auto& info) { return info.param; });

// The toolbox's outputs; images are its mono signals once more with a gain in each further channel of the estimates, so
// that their systems are singular.
class BssMatlab : public ::testing::TestWithParam<std::string> {
 protected:
  static constexpr const char* kNames[] = {"Source to Distortion", "Image to Spatial", "Source to Interference",
                                           "Source to Artifact"};

  static std::vector<Audio> read(const std::filesystem::path& folder, int channels, float gain) {
    std::vector<Audio> signals;
    for (int i = 0; std::filesystem::exists(folder / fmt::format("{}.wav", i)); ++i) {
      Audio audio = read_audio(folder / fmt::format("{}.wav", i));
      const std::vector<float> mono = audio.samples;
      for (audio.channels = 1; audio.channels < channels; ++audio.channels)
        for (const float x : mono) audio.samples.push_back(gain * x);
      signals.push_back(std::move(audio));
    }
    return signals;
  }

  // Windows alone are scored without permutation there.
  void compare(const std::filesystem::path& folder, const nlohmann::json& described, const std::string& kind) {
    const nlohmann::json& expected = described[kind];
    const bool windows = expected.contains("win");
    const int channels = expected.value("nchan", 1);
    const BssEvalOptions options{.mode = BssMode::v3,
                                 .window = expected.value("win", 0),
                                 .hop = expected.value("hop", 0),
                                 .sources = !expected.contains("nchan"),
                                 .permute = !windows,
                                 .threads = 2};
    const BssEvaluation actual =
        bss_eval(read(folder / ("ref" + GetParam()), channels, 1),
                 read(folder / ("est" + GetParam()), channels, expected.value("gain", 1.0f)), options);
    for (size_t m = 0; m < 4; ++m)
      for (size_t s = 0; expected.contains(kNames[m]) && s < actual.scores.size(); ++s)
        for (size_t w = 0; w < actual.scores[s].size(); ++w) {
          const nlohmann::json& wanted = expected[kNames[m]][s];
          EXPECT_NEAR(actual.scores[s][w][m], (windows ? wanted[w] : wanted).get<double>(), tolerance::kBssMatlab)
              << kind << ": " << kNames[m] << " of " << s << " in window " << w;
        }
  }
};

TEST_P(BssMatlab, AgreesWithTheToolbox) {
  const std::filesystem::path folder = shared_data() / "bsseval-matlab";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs the MATLAB toolbox's outputs in " << folder;
  const nlohmann::json described = nlohmann::json::parse(read_file(folder / ("output" + GetParam() + ".json")));
  for (const char* kind : {"Sources", "Framewise", "Images", "Images Framewise"}) compare(folder, described, kind);
}

INSTANTIATE_TEST_SUITE_P(All, BssMatlab, ::testing::Values("01", "02", "03", "05"));

// Negative control: another filter length, mode or window would be seen.
TEST(BssEval, ModesDiffer) {
  nlohmann::json described = golden().options("v3_two_stereo");
  const BssEvaluation v3 = evaluate(described);
  described["mode"] = "v4";
  EXPECT_GT(std::abs(evaluate(described).scores[0][0][3] - v3.scores[0][0][3]), 10 * tolerance::kBssDecibels);
}

TEST(BssEval, ThreadsChangeNoBit) {
  const BssCase signals = bss_signals(2, 2, 20000, "");
  BssEvalOptions options{.window = 8000, .hop = 8000};
  const auto scores = [&](int threads) {
    options.threads = threads;
    return bss_eval(signals.references, signals.estimates, options).scores;
  };
  EXPECT_EQ(scores(1), scores(3));
}

TEST(BssEval, EstimatesAreCutOrContinuedWithZeros) {
  const BssCase signals = bss_signals(2, 1, 16000, "");
  const BssEvalOptions options{.window = 8000, .hop = 8000};
  std::vector<Audio> estimates = signals.estimates;
  estimates[0].samples.resize(17000, 0.5f);
  EXPECT_EQ(bss_eval(signals.references, estimates, options).scores,
            bss_eval(signals.references, signals.estimates, options).scores);
  estimates[0].samples.resize(15990);
  std::vector<Audio> padded = estimates;
  padded[0].samples.resize(16000, 0.0f);
  EXPECT_EQ(bss_eval(signals.references, estimates, options).scores,
            bss_eval(signals.references, padded, options).scores);
}

TEST(BssEval, AnExactEstimateHasInfiniteSdr) {
  const BssCase signals = bss_signals(2, 1, 16000, "");
  const auto scores = bss_eval(signals.references, signals.references, {}).scores;
  EXPECT_EQ(scores[0][0][0], HUGE_VAL);
  EXPECT_GT(scores[0][0][2], 180);
}

TEST(BssEval, EqualReferencesAreProjectedOnAsOne) {
  BssCase signals = bss_signals(2, 1, 16000, "");
  const auto alone = bss_eval({signals.references[0]}, {signals.estimates[0]}, {}).scores;
  const auto twice =
      bss_eval({signals.references[0], signals.references[0]}, {signals.estimates[0], signals.estimates[0]}, {}).scores;
  EXPECT_NEAR(twice[0][0][3], alone[0][0][3], tolerance::kBssDecibels);
}

TEST(BssEval, ImpossibleInputsAreRefused) {
  const BssCase signals = bss_signals(2, 2, 8000, "");
  const auto error = [&](std::vector<Audio> references, std::vector<Audio> estimates) {
    return error_of([&] { bss_eval(references, estimates, {}); });
  };
  Audio silence = signals.references[0];
  std::ranges::fill(silence.samples, 0.0f);
  Audio mono = signals.references[0];
  mono.channels = 1;
  EXPECT_THAT(error({}, {}), HasSubstr("no reference"));
  EXPECT_THAT(error({signals.references[0]}, signals.estimates), HasSubstr("1 references and 2 estimates"));
  EXPECT_THAT(error({signals.references[0], silence}, signals.estimates), HasSubstr("reference 1 is silent"));
  EXPECT_THAT(error(signals.references, {signals.estimates[0], silence}), HasSubstr("estimate 1 is silent"));
  EXPECT_THAT(error(signals.references, {signals.estimates[0], mono}), HasSubstr("estimate 1 (8000 Hz, 1 channels)"));
}

TEST(BssEval, SilenceIsASumOfZero) {
  Audio audio{8000, 2, {0.5f, 0.25f, 0.0f, -0.5f, -0.25f, 0.0f}};
  EXPECT_TRUE(bss_silent(audio, 0, 3));  // in exact anti-phase
  audio.samples[1] = 0.0f;
  EXPECT_FALSE(bss_silent(audio, 0, 3));
  EXPECT_TRUE(bss_silent(audio, 2, 3));
}

TEST(BssEval, WindowsThatFit) {
  EXPECT_EQ(bss_windows(100, 0, 0), 1);
  EXPECT_EQ(bss_windows(100, 100, 10), 1);
  EXPECT_EQ(bss_windows(100, 30, 30), 3);
  EXPECT_EQ(bss_windows(100, 30, 35), 3);
  EXPECT_EQ(bss_windows(99, 30, 35), 2);
}

}  // namespace
}  // namespace unmix::test
