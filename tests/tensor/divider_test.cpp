#include "tensor/divider.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace unmix {
namespace {

constexpr int64_t kLargest = INT64_MAX;

// Where the quotient changes, and at both ends.
std::vector<int64_t> dividends_of(int64_t divisor) {
  std::vector<int64_t> dividends = {0, 1, kLargest, kLargest - 1, kLargest / divisor * divisor - 1};
  std::mt19937_64 random(static_cast<uint64_t>(divisor));
  for (int i = 0; i < 1000; ++i) {
    const auto any = static_cast<int64_t>(random() >> (1 + random() % 63));
    const int64_t multiple = any / divisor * divisor;
    dividends.insert(dividends.end(), {any, multiple, multiple > 0 ? multiple - 1 : 0});
  }
  return dividends;
}

TEST(Divider, DividesAsTheProcessorDoes) {
  std::vector<int64_t> divisors = {1, 2, 3, 5, 7, 259, 2049, 4096, 4098, 264600, INT32_MAX, kLargest - 1, kLargest};
  for (int bit = 1; bit < 63; ++bit)
    for (const int64_t offset : {-1, 0, 1}) divisors.push_back((int64_t{1} << bit) + offset);
  for (const int64_t d : divisors) {
    const Divider divider(d);
    for (const int64_t n : dividends_of(d)) {
      ASSERT_EQ(divider.quotient(n), n / d) << n << " / " << d;
      ASSERT_EQ(divider.remainder(n), n % d) << n << " % " << d;
    }
  }
}

TEST(Divider, ForNoElementsIsOne) { EXPECT_EQ(Divider(0).divisor(), 1); }

}  // namespace
}  // namespace unmix
