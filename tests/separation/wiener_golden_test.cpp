// The Wiener filter against openunmix.filtering.wiener and norbert.wiener.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "separation/wiener.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

struct Case {
  std::string name, input, package;
  int64_t sources;
  WienerOptions options;
  double rounding, sum;  // of the package in float32

  // norbert adds eps once more to the one-channel denominator, which is sqrt(eps) or more.
  double allowed() const {
    const bool other_noise = package == "norbert" && input == "mono" && options.iterations > 0;
    return tolerance::kGolden + (other_noise ? std::sqrt(options.eps) : 0.0);
  }
};

std::vector<Case> cases(const test::GoldenFile& golden) {
  std::vector<Case> all;
  for (int i = 0; i < golden.options("cases")["count"].get<int>(); ++i) {
    const std::string name = "case" + std::to_string(i);
    const auto o = golden.options(name);
    all.push_back({name,
                   o["input"],
                   o["package"],
                   o["sources"],
                   {o["iterations"], o["softmask"], o["residual"], o["eps"]},
                   o["rounding"],
                   o["sum"]});
  }
  return all;
}

class WienerGolden : public ::testing::TestWithParam<Device> {
 protected:
  Tensor spectrum(const Case& c) const { return golden.tensor(c.input + ".spectrum", GetParam()); }
  Tensor estimates(const Case& c, const WienerOptions& options) const {
    return wiener(golden.tensor(c.input + ".masks", GetParam()).rows(0, c.sources), spectrum(c), options);
  }
  double error(const Case& c, const WienerOptions& options) const {
    return test::golden_error(estimates(c, options), golden.tensor(c.name + ".estimates"));
  }
  test::GoldenFile golden{"wiener"};
};

TEST_P(WienerGolden, EveryCase) {
  ASSERT_GE(cases(golden).size(), 100u);
  double rounding = 0.0;
  for (const Case& c : cases(golden)) {
    EXPECT_LT(error(c, c.options), c.allowed()) << c.name << " " << golden.options(c.name);
    rounding = std::max(rounding, c.rounding);
  }
  // Channels that are nearly alike, among the inputs, leave the packages' own float32 few digits.
  EXPECT_GT(rounding, 100 * tolerance::kGolden);
}

TEST_P(WienerGolden, EstimatesAddUpToTheMixtureAsThePackagesDo) {
  for (const Case& c : cases(golden)) {
    const std::vector<float> all = estimates(c, c.options).to_vector(), mixture = spectrum(c).to_vector();
    std::vector<float> sum(mixture.size());
    for (size_t i = 0; i < all.size(); ++i) sum[i % sum.size()] += all[i];
    EXPECT_LT(test::relative_error(sum, mixture), c.sum + tolerance::kValue) << c.name;
  }
}

TEST_P(WienerGolden, EveryOptionMatters) {  // negative control
  int changed = 0;
  for (const Case& c : cases(golden)) {
    if (c.input != "stereo" || c.sources < 2 || c.options.iterations == 0) continue;
    WienerOptions other = c.options;
    other.iterations = 3 - other.iterations;
    EXPECT_GT(error(c, other), 1e-3) << c.name;
    other = c.options;
    other.softmask = !other.softmask;
    EXPECT_GT(error(c, other), 1e-3) << c.name;
    other = c.options;
    other.eps *= 1e6;
    EXPECT_GT(error(c, other), 1e-3) << c.name;
    ++changed;
  }
  EXPECT_GT(changed, 20);
}

INSTANTIATE_TEST_SUITE_P(Devices, WienerGolden, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
