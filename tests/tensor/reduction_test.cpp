// Sums over many values: accurate, and the same bits for any number of threads.
#include <gtest/gtest.h>
#include <omp.h>

#include "autograd/ops.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

class Reductions : public ::testing::TestWithParam<Device> {
 protected:
  Tensor random(const Shape& shape, double low, double high) const {
    return random_tensor(shape, 1, low, high, GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Reductions, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

class Threads {
 public:
  explicit Threads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

Doubles column_sums(const Array& x) {
  const int64_t cols = x.shape[1];
  Doubles sums(static_cast<size_t>(cols));
  for (size_t i = 0; i < x.values.size(); ++i) sums[i % static_cast<size_t>(cols)] += x.values[i];
  return sums;
}

Doubles row_sums(const Array& x) {
  const int64_t cols = x.shape[1];
  Doubles sums(static_cast<size_t>(x.shape[0]));
  for (size_t i = 0; i < x.values.size(); ++i) sums[i / static_cast<size_t>(cols)] += x.values[i];
  return sums;
}

double total(const Array& x) {
  double sum = 0.0;
  for (const double value : x.values) sum += value;
  return sum;
}

// Around the sizes at which work is divided: 16384 columns of a row, 512 and 64 rows of a column, 256 columns.
const std::vector<Shape> kShapes = {{1, 1},     {3, 15},    {3, 16},     {2, 16383}, {2, 16384},
                                    {2, 16385}, {1, 40000}, {63, 5},     {65, 255},  {511, 256},
                                    {512, 257}, {513, 3},   {1025, 300}, {20000, 7}, {5, 20000}};

TEST_P(Reductions, OfEverySizeAreRight) {
  for (const Shape& shape : kShapes) {
    const Tensor x = random(shape, 0.0, 1.0);
    const Array array = array_of(x);
    EXPECT_LT(relative_error(sum(Var(x)).value().to_vector(), Doubles{total(array)}), tolerance::kLongSum)
        << to_string(shape);
    EXPECT_LT(relative_error(sum_axis(Var(x), 0).value().to_vector(), column_sums(array)), tolerance::kLongSum)
        << to_string(shape);
    EXPECT_LT(relative_error(sum_axis(Var(x), 1).value().to_vector(), row_sums(array)), tolerance::kLongSum)
        << to_string(shape);
  }
}

TEST_P(Reductions, OfMillionsKeepTheirDigits) {
  const Tensor x = random({4000, 1001}, 0.0, 1.0);
  const Array array = array_of(x);
  EXPECT_LT(relative_error(sum(Var(x)).value().to_vector(), Doubles{total(array)}), tolerance::kLongSum);
  EXPECT_LT(relative_error(mean(Var(x)).value().to_vector(), Doubles{total(array) / 4004000.0}), tolerance::kLongSum);
  EXPECT_LT(relative_error(sum_axis(Var(x), 0).value().to_vector(), column_sums(array)), tolerance::kLongSum);
  // What these must notice: a plain float32 sum.
  float plain = 0.0f;
  for (const float value : x.to_vector()) plain += value;
  EXPECT_GT(relative_error(std::vector<float>{plain}, Doubles{total(array)}), tolerance::kLongSum);
}

TEST_P(Reductions, OfNothingAreZero) {
  const Tensor x = Tensor::zeros({0, 3}, GetParam());
  EXPECT_EQ(sum(Var(x)).value().item(), 0.0f);
  EXPECT_EQ(sum_axis(Var(x), 0).value().to_vector(), std::vector<float>(3, 0.0f));
  EXPECT_EQ(sum_axis(Var(x), 1).value().size(), 0);
}

TEST_P(Reductions, ForManySizesOfAddedGradients) {
  for (const Shape& shape : kShapes) {
    const Var a(random(shape, -1.0, 1.0)), b(random({shape[1]}, 0.5, 1.5), true);
    const Tensor weights = random_tensor(shape, 5, -1.0, 1.0, GetParam());
    sum(mul(mul(a, b), Var(weights))).backward();
    Array products = array_of(a.value());
    const Array factors = array_of(weights);
    for (size_t i = 0; i < products.values.size(); ++i) products.values[i] *= factors.values[i];
    EXPECT_LT(relative_error(b.grad().to_vector(), column_sums(products)), tolerance::kValue) << to_string(shape);
  }
}

// All that reduces, as one list of bits.
std::vector<float> reduce_everything() {
  std::vector<float> bits;
  const auto keep = [&](const Tensor& tensor) {
    const std::vector<float> values = tensor.to_vector();
    bits.insert(bits.end(), values.begin(), values.end());
  };
  for (const Shape& shape : kShapes) {
    const Var x(random_tensor(shape, 3), true);
    keep(sum(x).value());
    keep(sum_axis(x, 0).value());
    keep(sum_axis(x, 1).value());
  }
  const int64_t channels = 300;
  const Var x(random_tensor({700, channels}, 4), true), weight(random_tensor({channels}, 5), true),
      bias(random_tensor({channels}, 6), true);
  BatchStatistics running{Tensor::zeros({channels}), Tensor::full({channels}, 1.0f)};
  sum(square(batch_norm(x, {weight, bias, &running, true}))).backward();
  for (const Tensor& tensor : {x.grad(), weight.grad(), bias.grad(), running.mean, running.variance}) keep(tensor);
  return bits;
}

TEST(ReductionThreads, OneAndTwoThreadsGiveTheSameBits) {
  const auto with = [](int count) {
    const Threads threads(count);
    return reduce_everything();
  };
  const std::vector<float> one = with(1);
  EXPECT_TRUE(same_bits(one, with(2)));
  EXPECT_TRUE(same_bits(one, with(3)));
}

}  // namespace
}  // namespace unmix::test
