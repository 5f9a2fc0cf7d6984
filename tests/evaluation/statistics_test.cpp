// Quartiles, tests and corrections of report/ against scipy and against the figures that SiSEC 2018 published.
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "evaluation/aggregate.h"
#include "evaluation/statistics.h"
#include "report/scores.h"
#include "report/significance.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/paths.h"

namespace unmix {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

constexpr double kSame = 1e-12;  // the same sums in double, in another order; relative

TEST(Statistics, WilcoxonIsScipys) {
  const test::GoldenFile golden("significance");
  for (int i = 0; i < golden.options("cases").at("wilcoxon"); ++i) {
    const auto expected = golden.values(fmt::format("wilcoxon{}.result", i));
    const Wilcoxon result = wilcoxon(golden.values(fmt::format("wilcoxon{}.differences", i)));
    EXPECT_EQ(result.w, expected[0]) << i;
    EXPECT_NEAR(result.p, expected[1], kSame * expected[1]) << i;
  }
}

TEST(Statistics, FriedmanIsScipys) {
  const test::GoldenFile golden("significance");
  for (int i = 0; i < golden.options("cases").at("friedman"); ++i) {
    const std::string name = fmt::format("friedman{}", i);
    const Shape shape = golden.tensor(name + ".scores").shape();
    const auto flat = golden.values(name + ".scores"), expected = golden.values(name + ".result");
    std::vector<std::vector<double>> scores;
    for (int64_t row = 0; row < shape[0]; ++row)
      scores.emplace_back(flat.begin() + row * shape[1], flat.begin() + (row + 1) * shape[1]);
    const Friedman result = friedman(scores);
    EXPECT_NEAR(result.chi2, expected[0], kSame * expected[0]) << i;
    EXPECT_NEAR(result.p, expected[1], 1e-10 * expected[1]) << i;  // of the series of the incomplete gamma function
    std::swap(scores[0][0], scores[1][0]);                         // negative control: other ranks, another value
    EXPECT_GT(std::abs(friedman(scores).chi2 - expected[0]), 1e-3) << i;
  }
}

TEST(Statistics, QuantilesAreNumpys) {
  const test::GoldenFile golden("significance");
  const auto values = golden.values("quantile.values"), parts = golden.values("quantile.parts"),
             expected = golden.values("quantile.result");
  for (size_t i = 0; i < parts.size(); ++i) EXPECT_NEAR(quantile(values, parts[i]), expected[i], kSame) << parts[i];
}

TEST(Statistics, BoxesHaveMatplotlibsWhiskersAndOutliers) {
  const Box box = box_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 30, -20});
  EXPECT_EQ(box.middle, 5.0);
  EXPECT_EQ(box.first, 2.5);
  EXPECT_EQ(box.third, 7.5);
  EXPECT_EQ(box.low, 1.0);
  EXPECT_EQ(box.high, 9.0);
  EXPECT_THAT(box.outliers, ElementsAre(30.0, -20.0));
  const Box one = box_of({2.5});
  EXPECT_EQ(one.low, 2.5);
  EXPECT_EQ(one.high, 2.5);
}

TEST(Statistics, MediansSkipWhatIsNoNumber) {
  EXPECT_EQ(median({3.0, std::nan(""), 1.0, 2.0, 10.0}), 2.5);
  EXPECT_TRUE(std::isnan(median({std::nan("")})));
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

TEST(Statistics, HolmMultipliesStepByStep) {
  EXPECT_THAT(holm({0.01, 0.04, 0.03, 0.005}), Pointwise(DoubleNear(1e-15), {0.03, 0.06, 0.06, 0.02}));
  EXPECT_THAT(holm({0.9, 0.8}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(holm({}).empty());
}

TEST(Statistics, NoDifferenceIsNoEvidence) {
  EXPECT_EQ(wilcoxon({0.0, 0.0, 0.0}).p, 1.0);
  EXPECT_EQ(wilcoxon({}).p, 1.0);
  EXPECT_EQ(wilcoxon({1.0}).p, 1.0);
  EXPECT_DOUBLE_EQ(wilcoxon({1, 2, 3, 4, 5, 6}).p, 2.0 / 64.0);  // all of one sign: 2 of the 2^6 choices
}

// The published chi-squared of each target's median SDR of the 31 methods of the campaign; UMX came later.
TEST(Statistics, FriedmanOfSisec2018IsThePublishedOne) {
  const auto data = test::shared_data();
  if (data.empty()) GTEST_SKIP() << "the published scores are not on this machine";
  std::vector<Method> methods = read_published(data / "sisec2018-track-medians.csv");
  std::erase_if(methods, [](const Method& method) { return method.name == "UMX"; });
  struct Published {
    const char* target;
    size_t methods;
    double chi2;
  };
  const std::vector<Comparison> found = comparisons(methods);
  const Published published[] = {{"vocals", 31, 1386.6372580645166},
                                 {"accompaniment", 27, 1167.5993650793653},
                                 {"drums", 21, 858.86961038961},
                                 {"bass", 21, 731.9675835735994},
                                 {"other", 21, 833.9625974025976}};
  for (const Published& p : published) {
    const auto c = std::find_if(found.begin(), found.end(), [&](const Comparison& x) { return x.target == p.target; });
    ASSERT_NE(c, found.end()) << p.target;
    EXPECT_EQ(c->names.size(), p.methods) << p.target;
    EXPECT_EQ(c->common, 50u) << p.target;
    ASSERT_TRUE(c->all.has_value()) << p.target;
    EXPECT_NEAR(c->all->chi2, p.chi2, 1e-12 * p.chi2) << p.target;
  }
}

}  // namespace
}  // namespace unmix
