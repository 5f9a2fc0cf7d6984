// Learning rates and early stopping against torch's and openunmix's (tests/golden), and their saved states.
#include "optim/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "optim/early_stopping.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::filesystem::path kGoldens = golden_path("schedule.safetensors");

std::vector<double> golden(const std::string& name) { return read_safetensors_f64(kGoldens, name); }

nlohmann::json described(const std::string& name) {
  static const TensorFile file = read_safetensors(kGoldens);
  return nlohmann::json::parse(file.metadata.at(name));
}

PlateauOptions plateau_options(const nlohmann::json& options) {
  return {options["factor"], options["patience"], options["cooldown"]};
}

// The rates after each loss; every `resume` epochs the state goes through JSON text into a new object (0: never).
std::vector<double> rates(const PlateauOptions& options, double rate, const std::vector<double>& losses,
                          size_t resume) {
  ReduceLROnPlateau schedule(options);
  std::vector<double> result;
  for (const double loss : losses) {
    if (resume > 0 && result.size() % resume == 0) {
      const std::string text = schedule.state().dump();
      schedule = ReduceLROnPlateau(options);
      schedule.load_state(nlohmann::json::parse(text));
    }
    rate = schedule.step(loss, rate);
    result.push_back(rate);
  }
  return result;
}

double largest_relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0.0;
  for (size_t i = 0; i < b.size(); ++i) largest = std::max(largest, std::fabs(a[i] / b[i] - 1.0));
  return largest;
}

TEST(ReduceLROnPlateau, IsPyTorchs) {
  const int cases = described("cases")["plateau"];
  EXPECT_GE(cases, 4);
  for (int i = 0; i < cases; ++i) {
    const std::string name = fmt::format("plateau{}", i);
    PlateauOptions options = plateau_options(described(name));
    const double rate = described(name)["lr"];
    const std::vector<double> losses = golden(name + ".losses"), expected = golden(name + ".lr");
    EXPECT_LT(expected.back(), rate) << "the case never reduces";
    for (const size_t resume : {0, 1, 7})
      EXPECT_LT(largest_relative_difference(rates(options, rate, losses, resume), expected), tolerance::kGoldenDouble)
          << name;
    // What this must notice: one epoch more of patience.
    options.patience += 1;
    EXPECT_GT(largest_relative_difference(rates(options, rate, losses, 0), expected), 0.1) << name;
  }
}

TEST(ReduceLROnPlateau, ANaNCountsAsNoProgress) {
  ReduceLROnPlateau schedule({0.5, 1, 0});
  EXPECT_EQ(schedule.step(NAN, 1.0), 1.0);
  EXPECT_EQ(schedule.step(NAN, 1.0), 0.5);
  EXPECT_EQ(schedule.step(1.0, 0.5), 0.5);
}

TEST(ReduceLROnPlateau, ImpossibleOptionsAndStatesAreRefused) {
  for (const PlateauOptions& bad : {PlateauOptions{0.0, 1, 1}, {1.0, 1, 1}, {NAN, 1, 1}, {0.5, -1, 1}, {0.5, 1, -1}})
    EXPECT_THAT(error_of([&] { ReduceLROnPlateau{bad}; }), StartsWith("[plateau] "));
  ReduceLROnPlateau schedule({0.5, 1, 0});
  schedule.step(3.0, 1.0);
  const nlohmann::json before = schedule.state();
  for (const char* bad :
       {"{}", "[]", "3", R"({"best":"x","bad_epochs":0,"cooldown_left":0})", R"({"best":1,"bad_epochs":0})"})
    EXPECT_THAT(error_of([&] { schedule.load_state(nlohmann::json::parse(bad)); }),
                HasSubstr("saved state cannot be used"));
  EXPECT_EQ(schedule.state(), before);
}

TEST(EarlyStopping, IsOpenUnmixs) {
  const int cases = described("cases")["stopping"];
  EXPECT_GE(cases, 3);
  for (int i = 0; i < cases; ++i) {
    const std::string name = fmt::format("stopping{}", i);
    const int patience = described(name)["patience"];
    const std::vector<double> losses = golden(name + ".losses"), stop = golden(name + ".stop");
    const std::vector<double> best = golden(name + ".best"), bad = golden(name + ".bad");
    EXPECT_NE(std::count(stop.begin(), stop.end(), 1.0), 0) << "the case never stops";
    EarlyStopping stopping(patience);
    for (size_t epoch = 0; epoch < losses.size(); ++epoch) {
      const std::string text = stopping.state().dump();
      stopping = EarlyStopping(patience);
      stopping.load_state(nlohmann::json::parse(text));
      EXPECT_EQ(stopping.step(losses[epoch]), stop[epoch] == 1.0) << name << " epoch " << epoch;
      EXPECT_EQ(stopping.best(), best[epoch]) << name << " epoch " << epoch;
      EXPECT_EQ(stopping.bad_epochs(), static_cast<int>(bad[epoch])) << name << " epoch " << epoch;
    }
  }
}

TEST(EarlyStopping, AFirstNaNStopsAndIsNoBest) {
  EarlyStopping stopping(3);
  EXPECT_TRUE(stopping.step(NAN));
  EXPECT_EQ(stopping.best(), std::nullopt);
  EXPECT_FALSE(stopping.step(2.0));
  EXPECT_EQ(stopping.best(), 2.0);
}

TEST(EarlyStopping, AnEqualLossIsNoProgress) {
  EarlyStopping stopping(2);
  EXPECT_FALSE(stopping.step(1.0));
  EXPECT_FALSE(stopping.step(1.0));
  EXPECT_TRUE(stopping.step(1.0));
}

TEST(EarlyStopping, ImpossibleOptionsAndStatesAreRefused) {
  EXPECT_THAT(error_of([] { EarlyStopping(-1); }), StartsWith("[early_stopping] "));
  EarlyStopping stopping(2);
  for (const char* bad : {"{}", "[]", R"({"best":"x","bad_epochs":0})", R"({"best":1})"})
    EXPECT_THAT(error_of([&] { stopping.load_state(nlohmann::json::parse(bad)); }),
                HasSubstr("saved state cannot be used"));
  EXPECT_EQ(stopping.best(), std::nullopt);
}

}  // namespace
}  // namespace unmix::test
