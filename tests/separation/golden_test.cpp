// The separator against openunmix's own on the same weights and audio.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "evaluation/sdr.h"
#include "separation/separator.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

class SeparationGolden : public ::testing::TestWithParam<Device> {
 protected:
  ModelSet models(const std::string& name) const {
    const auto options = golden_.options("models").at(name);
    const SeparatorConfig config{options.at("nfft"), options.at("nhop"), options.at("rate"), options.at("channels")};
    ModelSet set{name, config, {}, {}};
    for (const std::string& target : options.at("targets").get<std::vector<std::string>>()) {
      const NamedTensors state = golden_.group(name + "." + target);
      const NetworkPlan plan = infer_network(state, name);
      set.models.push_back({target, {target}, plan.architecture->make(plan.config, 0)});
      set.models.back().network->load_state(state, name);
      set.models.back().network->to(GetParam());
    }
    return set;
  }

  Separator separator(const std::string& name, const std::string& test_case) const {
    const auto options = golden_.options("cases").at(test_case);
    SeparatorOptions separation;
    separation.softmask = options.at("softmask");
    separation.residual = options.at("residual").get<bool>() ? "rest" : "";
    separation.iterations = options.at("niter");
    separation.window = options.at("wiener_win_len");
    return Separator(models(name), GetParam(), separation);
  }

  Audio audio_of(const std::string& name, const Tensor& tensor) const {
    return {golden_.options("models").at(name).at("rate"), static_cast<int>(tensor.dim(0)), tensor.to_vector()};
  }

  // The lowest of the estimates' signal-to-noise ratios.
  double agreement(const std::string& name, const std::string& test_case, const std::string& expected_case) const {
    const Separation result = separator(name, test_case)(audio_of(name, golden_.tensor(name + ".audio")));
    const Tensor expected = golden_.tensor(name + "." + expected_case);
    EXPECT_GE(static_cast<int64_t>(result.estimates.size()), expected.dim(0));
    double lowest = HUGE_VAL;
    for (int64_t k = 0; k < expected.dim(0); ++k)
      lowest = std::min(lowest, sdr(audio_of(name, expected[k]), result.estimates[static_cast<size_t>(k)].second));
    return lowest;
  }

  test::GoldenFile golden_{"separation"};
};

TEST_P(SeparationGolden, EveryCaseIsOpenUnmixs) {
  int cases = 0;
  for (const std::string name : {"stereo", "mono", "single"})
    for (const std::string test_case : {"masks", "soft", "rest", "filter", "windows", "soft_filter", "rest_filter"}) {
      if (!golden_.has(name + "." + test_case)) continue;
      ++cases;
      EXPECT_GT(agreement(name, test_case, test_case), tolerance::kPeerDecibels) << name << " " << test_case;
    }
  EXPECT_EQ(cases, 12);
}

// Negative control: each option matters by far more than the tolerance.
TEST_P(SeparationGolden, OtherOptionsDisagree) {
  for (const std::string test_case : {"soft", "filter", "windows"})
    EXPECT_LT(agreement("stereo", test_case, "masks"), tolerance::kPeerDecibels - 20) << test_case;
  EXPECT_LT(agreement("stereo", "windows", "filter"), tolerance::kPeerDecibels - 20);
}

INSTANTIATE_TEST_SUITE_P(Devices, SeparationGolden, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
