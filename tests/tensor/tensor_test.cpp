// Tensors: views, copies, errors.
#include "tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tensor/readback.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

using Floats = std::vector<float>;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Tensors : public ::testing::TestWithParam<Device> {
 protected:
  // 0, 1, 2, ...
  Tensor counting(const Shape& shape) const {
    Floats values(static_cast<size_t>(element_count(shape)));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    return Tensor::from(values, shape, GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, Tensors, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(Tensors, HoldWhatTheyAreMadeFrom) {
  const Tensor none;
  EXPECT_FALSE(none.defined());
  const Tensor x = counting({2, 3});
  EXPECT_EQ(x.shape(), (Shape{2, 3}));
  EXPECT_EQ(x.rank(), 2);
  EXPECT_EQ(x.size(), 6);
  EXPECT_EQ(x.dim(0), 2);
  EXPECT_EQ(x.dim(-1), 3);
  EXPECT_EQ(x.device(), GetParam());
  EXPECT_EQ(x.to_vector(), (Floats{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(Tensor::zeros({3}, GetParam()).to_vector(), Floats(3, 0.0f));
  EXPECT_EQ(Tensor::full({2, 2}, 2.5f, GetParam()).to_vector(), Floats(4, 2.5f));
  EXPECT_EQ(Tensor::full({}, 3.0f, GetParam()).item(), 3.0f);
  EXPECT_EQ(Tensor::zeros({0, 4}, GetParam()).to_vector(), Floats{});
}

TEST_P(Tensors, ViewsShareTheirMemory) {
  const Tensor x = counting({3, 2, 2});
  EXPECT_EQ(x[1].shape(), (Shape{2, 2}));
  EXPECT_EQ(x[1].to_vector(), (Floats{4, 5, 6, 7}));
  EXPECT_EQ(x[1][1].to_vector(), (Floats{6, 7}));
  EXPECT_EQ(x[2][1][0].item(), 10.0f);
  EXPECT_EQ(x.rows(1, 3).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(x.rows(1, 1).size(), 0);
  EXPECT_EQ(x.rows(1, 3).reshape({4, 2})[3].to_vector(), (Floats{10, 11}));
  EXPECT_EQ(x.reshape({-1, 3}).shape(), (Shape{4, 3}));
  EXPECT_EQ(x.reshape({12}).data(), x.data());
  EXPECT_EQ(x[1].extended({2, 2, 2}).to_vector(), (Floats{4, 5, 6, 7, 8, 9, 10, 11}));
  Tensor part = x[1];
  part.fill(-1.0f);
  EXPECT_EQ(x.to_vector(), (Floats{0, 1, 2, 3, -1, -1, -1, -1, 8, 9, 10, 11}));
  EXPECT_TRUE(part.shares_buffer(x));
}

TEST_P(Tensors, ClonesAndCopiesAreTheirOwn) {
  const Tensor x = counting({4});
  Tensor copy = x.clone();
  copy.fill(9.0f);
  EXPECT_EQ(x.to_vector(), (Floats{0, 1, 2, 3}));
  EXPECT_FALSE(copy.shares_buffer(x));
  copy.copy_from(x);
  EXPECT_EQ(copy.to_vector(), x.to_vector());
  EXPECT_TRUE(x.to(GetParam()).shares_buffer(x));
  EXPECT_EQ(x.to(Device::cpu).to(GetParam()).to_vector(), x.to_vector());
}

TEST_P(Tensors, KnowWhetherTheyAreAlone) {
  Tensor x = counting({4});
  EXPECT_TRUE(x.unique());
  {
    const Tensor view = x.rows(0, 1);
    EXPECT_FALSE(x.unique());
  }
  EXPECT_TRUE(x.unique());
}

TEST_P(Tensors, MisuseIsRefusedWithTheShapes) {
  const Tensor x = counting({2, 3});
  EXPECT_THAT(error_of([&] {
                Tensor::from(Floats{1, 2}, {3}, GetParam());
              }),
              HasSubstr("2 values do not fill shape [3]"));
  EXPECT_THAT(error_of([&] { Tensor::empty({2, -1}, GetParam()); }), HasSubstr("[2, -1]"));
  EXPECT_THAT(error_of([&] { x.dim(2); }), HasSubstr("axis 2 of shape [2, 3]"));
  EXPECT_THAT(error_of([&] { x.reshape({4}); }), StartsWith("[reshape] shape [2, 3] cannot become [4]"));
  EXPECT_THAT(error_of([&] { x[2]; }), HasSubstr("rows 2 to 3 of shape [2, 3]"));
  EXPECT_THAT(error_of([&] { x[-1]; }), HasSubstr("rows -1 to 0 of shape [2, 3]"));
  EXPECT_THAT(error_of([&] { x.rows(1, 3); }), HasSubstr("rows 1 to 3 of shape [2, 3]"));
  EXPECT_THAT(error_of([&] { x[0][0][0]; }), HasSubstr("of shape []"));
  EXPECT_THAT(error_of([&] { x[1].extended({4}); }), HasSubstr("too small for shape [4]"));
  EXPECT_THAT(error_of([&] { x.item(); }), StartsWith("[item] shape [2, 3] holds 6 values"));
  Tensor y = counting({6});
  EXPECT_THAT(error_of([&] { y.copy_from(x); }), HasSubstr("[6] and [2, 3] differ"));
}

TEST_P(Tensors, AReadbackHoldsTheValuesOfItsTime) {
  Tensor x = counting({4});
  const Readback before(x);
  x.fill(7.0f);
  const Readback after(x);
  x = Tensor();
  EXPECT_EQ(before.get(), (Floats{0, 1, 2, 3}));
  EXPECT_EQ(before.get(), (Floats{0, 1, 2, 3}));
  EXPECT_EQ(after.get(), Floats(4, 7.0f));
}

TEST(Devices, AreChosenByName) {
  EXPECT_EQ(parse_device("cpu"), Device::cpu);
  EXPECT_EQ(parse_device("auto"), cuda_device_count() > 0 ? Device::cuda : Device::cpu);
  EXPECT_EQ(name(Device::cpu), "cpu");
  EXPECT_EQ(name(Device::cuda), "cuda");
  EXPECT_THAT(error_of([] { parse_device("gpu"); }), HasSubstr("gpu"));
  EXPECT_THAT(error_of([] { parse_device("cuda:x"); }), HasSubstr("cuda:x"));
  EXPECT_THAT(error_of([] { parse_device("cuda:99"); }), ::testing::Not(::testing::IsEmpty()));
  if (cuda_device_count() == 0) {
    EXPECT_THAT(error_of([] { parse_device("cuda"); }), HasSubstr("CUDA"));
  }
}

}  // namespace
}  // namespace unmix::test
