#include <gtest/gtest.h>

#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "training/input_statistics.h"

namespace unmix::test {
namespace {

TEST(SpectrumStatistics, AsOpenUnmix) {
  const GoldenFile file("statistics");
  for (const std::string data : {"dataset0", "dataset1"}) {
    const auto sizes = file.options(data);
    const Stft stft(sizes.at("n_fft"), sizes.at("hop"), Device::cpu, 0, false);
    SpectrumStatistics statistics;
    for (int track = 0; track < sizes.at("tracks"); ++track)
      statistics.add(file.tensor(data + ".track" + std::to_string(track)), stft);
    EXPECT_LT(relative_error(statistics.mean(), file.values(data + ".mean")), tolerance::kGolden);
    EXPECT_LT(relative_error(statistics.deviation(), file.values(data + ".std")), tolerance::kGolden);
  }
}

TEST(SpectrumStatistics, DependOnEveryFrame) {
  const Stft stft(64, 16, Device::cpu);
  SpectrumStatistics one, two;
  const Tensor signal = random_tensor({2, 500}, 1), other = random_tensor({2, 500}, 2, -2.0, 2.0);
  one.add(signal, stft);
  two.add(signal, stft);
  two.add(other, stft);
  EXPECT_NE(one.mean(), two.mean());
  EXPECT_NE(one.deviation(), two.deviation());
}

}  // namespace
}  // namespace unmix::test
