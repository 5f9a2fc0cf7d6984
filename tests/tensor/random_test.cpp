// Philox against the known answers of its authors' Random123 (kat_vectors), and its uniform numbers.
#include "tensor/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

using Words = std::array<uint32_t, 4>;

Words block(const Philox& random, uint64_t index) {
  Words words;
  random.block(index, words.data());
  return words;
}

TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(block({0, 0}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint64_t ones = ~uint64_t{0};
  EXPECT_EQ(block({ones, ones}, ones), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // Counter and key from the digits of pi.
  EXPECT_EQ(block({0x299f31d0a4093822, 0x0370734413198a2e}, 0x85a308d3243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, WordsAreThoseOfTheBlocks) {
  const Philox random{12, 34};
  for (uint64_t index = 0; index < 40; ++index) EXPECT_EQ(random.word(index), block(random, index / 4)[index % 4]);
}

TEST(Philox, UniformNumbersFillTheUnitInterval) {
  const Philox random{1, 2};
  constexpr int kCount = 100000, kBins = 10;
  std::array<int, kBins> bins{};
  double total = 0.0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const float value = random.uniform(i);
    ASSERT_GE(value, 0.0f);
    ASSERT_LT(value, 1.0f);
    ASSERT_EQ(value * 0x1p24f, std::floor(value * 0x1p24f));
    ++bins[static_cast<size_t>(value * kBins)];
    total += value;
  }
  const double deviation = std::sqrt(kCount * 0.1 * 0.9);
  for (const int count : bins) EXPECT_NEAR(count, kCount / kBins, tolerance::kRandomDeviations * deviation);
  EXPECT_NEAR(total / kCount, 0.5, tolerance::kRandomDeviations * std::sqrt(1.0 / 12.0 / kCount));
}

TEST(Philox, SeedsAndStreamsDiffer) {
  const Philox random{1, 2};
  for (const Philox& other : {Philox{2, 2}, Philox{1, 3}, Philox{1ull << 32, 2}, Philox{1, 2ull << 32}})
    for (uint64_t i = 0; i < 100; ++i) EXPECT_NE(block(random, i), block(other, i));
}

}  // namespace
}  // namespace unmix::test
