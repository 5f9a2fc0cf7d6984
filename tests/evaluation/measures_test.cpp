// Measures of whole estimates, the losses as measures, and correlations with listening scores.
#include "evaluation/measures.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "evaluation/evaluate_songs.h"
#include "evaluation/sdr.h"
#include "evaluation/statistics.h"
#include "experiments/loss_metrics.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/tolerances.h"
#include "tests/support/vggish_helpers.h"

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
  const auto seed = loss_metrics(s.mixture, s.references, s.estimates, Variant::code);
  const auto paper = loss_metrics(s.mixture, s.references, s.estimates, Variant::paper);
  const std::map<std::string, double> sums(seed.begin(), seed.end()), means(paper.begin(), paper.end());
  EXPECT_EQ(sums.size() + 2, loss_registry().size());
  // float32 spectra against double ones; the quotient by |X| at bins that are nearly silent adds to it.
  EXPECT_NEAR(sums.at("L1freq") / s.sum(l1_freq), 1, 1e-4);
  EXPECT_NEAR(means.at("SISDRtime"), -s.sum(si_sdr) / 2, 1e-3);
  EXPECT_GT(sums.at("L1mask"), 0);
  // Negative control: perfect estimates.
  for (const auto& [name, value] : loss_metrics(s.mixture, s.references, s.references, Variant::code))
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

// The features' share of the same sound at 16 kHz and at 44.1 kHz.
TEST(Measures, DeepFeatureTakesTheRateOfTheSignals) {
  const auto features = hashed_vggish(Device::cpu);
  const auto share = [&](const Audio& reference, int stated_rate) {
    Audio target = reference, estimate = reference;
    for (float& x : estimate.samples) x *= 0.5f;
    target.sample_rate = estimate.sample_rate = stated_rate;
    const auto list =
        loss_metrics(target, {{"vocals", target}}, {{"vocals", estimate}}, Variant::paper, features.get());
    const std::map<std::string, double> values(list.begin(), list.end());
    return values.at("DeepFeature") - values.at("L2freq");
  };
  const Audio low = noise(16000, 1, 20000), high = resample(low, 44100);
  EXPECT_NEAR(share(high, 44100) / share(low, 16000), 1.0, 0.02);  // what lies above 7.6 kHz is lost
  EXPECT_GT(std::fabs(share(low, 44100) / share(low, 16000) - 1.0), 0.1);
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
  expect_error(run_program(alone, folder.path()), 2, "--vggish belongs to the losses: add --losses");
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
  expect_error(run_program(all, folder.path()), 1, "mos.csv line 2: it has 1 cells, the first line 3");
}

class MetricsProgram : public ::testing::Test {
 protected:
  MetricsProgram() {
    write("true/vocals.wav", signals_.references[0].second);
    write("true/drums.wav", signals_.references[1].second);
    write("true/mixture.wav", signals_.mixture);
    write("good/vocals.wav", signals_.estimates[0].second);
    write("good/drums.wav", signals_.estimates[1].second);
  }
  void write(const std::string& file, const Audio& audio) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    write_audio(folder_ / file, audio, SampleFormat::floating);
  }
  ProgramResult run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"metrics", "--reference", "true", "--estimate", "good", "--json"});
    return run_program(more, folder_.path());
  }

  TemporaryFolder folder_;
  Signals signals_;
};

TEST_F(MetricsProgram, LengthsAndNamesThatDifferAreSaid) {
  Audio longer = signals_.estimates[1].second;  // at 44.1 kHz, 2 channels
  longer.samples.insert(longer.samples.begin() + 20000, 5, 0.5f);
  longer.samples.insert(longer.samples.end(), 5, 0.5f);
  write("good/drums.wav", longer);
  write("good/voice.wav", longer);
  std::filesystem::remove(folder_ / "good/vocals.wav");
  const ProgramResult result = run({"--losses", "--bss"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_NEAR(nlohmann::json::parse(result.output)["drums"]["SDR"], 20, 1e-3);
  EXPECT_EQ(nlohmann::json::parse(result.output).size(), 2u);  // drums and losses
  EXPECT_THAT(result.errors, HasSubstr("good: drums has 20005 frames, the reference 20000: it is cut\n"));
  EXPECT_THAT(result.errors, HasSubstr("good: voice has no reference of its name\n"));
  EXPECT_THAT(result.errors, HasSubstr("good: there is no estimate of vocals\n"));
  longer.sample_rate = 48000;
  write("good/drums.wav", longer);
  EXPECT_THAT(run().errors, HasSubstr("drums: the estimate (48000 Hz, 2 channels) and the reference (44100 Hz"));
  write("true/drums.wav", noise(44100, 2, 19000));
  EXPECT_THAT(run().errors, HasSubstr("references have one length"));
}

TEST_F(MetricsProgram, ListeningScoresAreReadAsCsv) {
  const auto with = [&](const std::string& csv) {
    write_file(folder_ / "mos.csv", csv);
    return run({"--listening", "mos.csv"});
  };
  const ProgramResult quoted = with("method,target,mos\n\"good\",\"vocals\",\"3.5\"\ngood,drums,4\n");
  EXPECT_EQ(quoted.exit_code, 0) << quoted.errors;
  EXPECT_EQ(nlohmann::json::parse(quoted.output)["listening"]["SDR"]["pairs"], 2);
  expect_error(with("method,target,mos\ngood,vocals,3,5\n"), 1, "mos.csv line 2: it has 4 cells, the first line 3");
  expect_error(with("method,target,mos\n\ngood,vocals,\"3,5\"\n"), 1, "mos.csv line 3: '3,5' in column mos is not");
  expect_error(with("method;target;mos\ngood;vocals;3\n"), 1, "its columns are method;target;mos; method,target,score");
  expect_error(with("method,target,mos\ngood,vocals,\n"), 1, "mos.csv line 2: '' is no score");
  expect_error(with("method,target,mos\ngood,vocals,3\ngood,vocals,4\n"), 1,
               "mos.csv line 3: good, vocals is there twice");
}

}  // namespace
}  // namespace unmix::test
