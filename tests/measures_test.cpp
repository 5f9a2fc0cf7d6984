// Measures of whole estimates, the losses as measures, and correlations with listening scores.
#include "evaluation/measures.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "audio_helpers.h"
#include "base/file.h"
#include "evaluation/correlation.h"
#include "evaluation/evaluate_songs.h"
#include "evaluation/sdr.h"
#include "experiments/loss_metrics.h"
#include "program.h"
#include "tolerances.h"
#include "vggish_helpers.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;

TEST(Measures, ByHand) {
  const Audio y{8000, 2, {3.0f, 0.0f, 4.0f, 0.0f}}, e{8000, 2, {1.5f, 1.0f, 2.0f, 0.0f}};  // a = 1/2, remainder 1
  EXPECT_NEAR(si_sdr(y, e), 10 * std::log10(6.25), tolerance::kGoldenDouble);
  EXPECT_NEAR(sd_sdr(y, e), 10 * std::log10(6.25 / 7.25), tolerance::kGoldenDouble);
  const Audio silence{8000, 2, {0, 0, 0, 0}};
  EXPECT_TRUE(std::isnan(si_sdr(silence, e)));
  EXPECT_TRUE(std::isnan(sd_sdr(silence, e)));
  EXPECT_EQ(si_sdr(y, y), HUGE_VAL);
  EXPECT_THAT(error_of([&] { si_sdr(y, Audio{8000, 1, {1}}); }), HasSubstr("[si_sdr] reference"));
  EXPECT_THAT(error_of([&] { l1_freq(y, e); }), HasSubstr("shorter than half a window"));
}

struct Signals {
  NamedAudio references = {{"vocals", tone(44100, 2, 20000)}, {"drums", noise(44100, 2, 20000)}};
  NamedAudio estimates = references;
  Audio mixture = sum_of(references, {"vocals", "drums"});

  Signals() {
    for (size_t i = 0; i < 20000; ++i) estimates[0].second.samples[i] *= 0.5f;
    for (size_t i = 0; i < 40000; ++i) estimates[1].second.samples[i] *= i % 2 == 0 ? 0.9f : 1.1f;
  }

  double sum(double (*measure)(const Audio&, const Audio&)) const {
    return measure(references[0].second, estimates[0].second) + measure(references[1].second, estimates[1].second);
  }
};

TEST(Measures, LossesSeeTheEstimatesThemselves) {
  const Signals s;
  const auto seed = loss_metrics(s.mixture, s.references, s.estimates, Variant::seed);
  const auto paper = loss_metrics(s.mixture, s.references, s.estimates, Variant::paper);
  const std::map<std::string, double> sums(seed.begin(), seed.end()), means(paper.begin(), paper.end());
  EXPECT_EQ(sums.size() + 2, loss_registry().size());
  // float32 spectra against double ones; the quotient by |X| at bins that are nearly silent adds to it.
  EXPECT_NEAR(sums.at("L1freq") / s.sum(l1_freq), 1, 1e-4);
  EXPECT_NEAR(means.at("SISDRtime"), -s.sum(si_sdr) / 2, 1e-3);
  EXPECT_GT(sums.at("L1mask"), 0);
  // Negative control: perfect estimates.
  for (const auto& [name, value] : loss_metrics(s.mixture, s.references, s.references, Variant::seed))
    if (name == "L1freq" || name == "L2time" || name == "L1mask") {
      EXPECT_NEAR(value, 0, 1e-5) << name;
    }
}

TEST(Measures, DeepFeatureComesWithItsNetwork) {
  const Signals s;
  const auto features = hashed_vggish(Device::cpu);
  const auto of = [&](const NamedAudio& estimates) {
    const auto values = loss_metrics(s.mixture, s.references, estimates, Variant::paper, features.get());
    return std::map<std::string, double>(values.begin(), values.end());
  };
  EXPECT_EQ(of(s.estimates).size() + 1, loss_registry().size());
  EXPECT_GT(of(s.estimates).at("DeepFeature"), of(s.estimates).at("L2freq"));
  EXPECT_NEAR(of(s.references).at("DeepFeature"), 0.0, 1e-5);
}

TEST(Correlations, ByHand) {
  const std::vector<double> x = {1, 2, 3, 4, 5, NAN}, y = {2, 1, 4, 3, 50, 7};
  const Correlation p = pearson(x, y), s = spearman(x, y);
  EXPECT_NEAR(s.value, 0.8, 1e-12);
  EXPECT_NEAR(p.value, 98 / std::sqrt(10 * 1810.0), 1e-12);
  EXPECT_NEAR(p.low, std::tanh(std::atanh(p.value) - 1.959964 / std::sqrt(2.0)), 1e-12);
  EXPECT_LT(s.low, s.value);
  EXPECT_GT(s.high, s.value);
  EXPECT_NEAR(spearman({1, 2, 2, 3}, {1, 3, 3, 9}).value, 1, 1e-12);  // ties share a rank
  EXPECT_TRUE(std::isnan(pearson({1, 1, 1}, {1, 2, 3}).value));
  EXPECT_TRUE(std::isnan(pearson({1, 2, 3}, {1, 2, 3}).low));
  EXPECT_THAT(error_of([] { pearson({1}, {1, 2}); }), HasSubstr("1 values and 2 scores"));
}

TEST(Measures, OfSeveralMethodsWithListeningScores) {
  const TemporaryFolder folder;
  const Signals s;
  const auto write = [&](const std::string& name, const NamedAudio& signals, float gain) {
    std::filesystem::create_directories(folder / name);
    for (auto [target, audio] : signals) {
      for (float& x : audio.samples) x *= gain;
      write_audio(folder / name / (target + ".wav"), audio, SampleFormat::floating);
    }
  };
  write("true", s.references, 1);
  write_audio(folder / "true/mixture.wav", s.mixture, SampleFormat::floating);
  write("good", s.estimates, 1);
  write("bad", s.estimates, 0.1f);
  write_file(folder / "mos.csv",
             "method,target,mos,std\ngood,vocals,60,1\ngood,drums,70,1\nbad,vocals,10,1\nbad,drums,20,1\n");
  const std::vector<std::string> arguments = {"metrics", "--reference", "true", "--estimate", "good", "bad"};
  std::vector<std::string> all = arguments;
  std::vector<std::string> alone = arguments;
  alone.insert(alone.end(), {"--vggish", "vggish.pth"});
  expect_error(run_program(alone, folder.path()), 2, "--vggish belongs to DeepFeature: add --losses");
  std::filesystem::rename(folder / "true/mixture.wav", folder / "m.wav");
  expect_error(run_program(arguments, folder.path()), 1, "true has no mixture.wav; --mixture names another");
  all.insert(all.end(), {"--mixture", "m.wav", "--bss", "--losses", "--listening", "mos.csv", "--json"});
  const ProgramResult result = run_program(all, folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const nlohmann::json json = nlohmann::json::parse(result.output);
  EXPECT_NEAR(json["good"]["drums"]["SDR"], 20, 1e-3);
  EXPECT_TRUE(json["good"]["drums"].contains("BSS SAR"));
  EXPECT_TRUE(json["bad"]["losses"].contains("LogL1freq"));
  EXPECT_GT(json["listening"]["SDR"]["pearson"]["r"], 0.5);
  EXPECT_EQ(json["listening"]["SDR"]["pairs"], 4);
  all.pop_back();
  EXPECT_THAT(run_program(all, folder.path()).output, HasSubstr("Spearman, 95 %"));
  write_file(folder / "mos.csv", "method,target,mos\ngood;vocals\n");
  all.push_back("--json");
  expect_error(run_program(all, folder.path()), 1, "mos.csv, line 2: method,target,score are wanted");
}

}  // namespace
}  // namespace unmix::test
