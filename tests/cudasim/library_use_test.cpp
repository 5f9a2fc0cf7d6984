// What callers of the libraries promise and no value shows: plans outlive their transforms, saved values are used up.
#include <gmock/gmock.h>

#include "tensor/fft.h"
#include "tensor/lstm.h"
#include "tests/cudasim/library_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix {
namespace {

Tensor on_device(const Shape& shape, uint64_t seed) {
  return test::random_tensor(shape, seed, -1.0, 1.0, Device::cuda);
}

// More lengths than plans are kept, and nothing waits for the device in between.
TEST(LibraryUse, PlansOutliveTheirTransforms) {
  const Tensor signal = on_device({128}, 1);
  Tensor spectrum = Tensor::empty({130}, Device::cuda);
  EXPECT_THAT(cudasim::misuse([&] {
                for (int64_t n = 2; n <= 128; n += 2) rfft_cuda({n, 1}, signal.data(), spectrum.data());
              }),
              testing::IsEmpty());
}

TEST(LibraryUse, WhatTheLstmSavedServesOnce) {
  const LstmShape shape{3, 2, 4, 5, 1};
  const std::vector<LstmWeights> weights{
      {on_device({20, 4}, 1), on_device({20, 5}, 2), on_device({20}, 3), on_device({20}, 4)}};
  const Tensor x = on_device({3, 2, 4}, 5), dy = on_device({3, 2, 5}, 6);
  Tensor y = Tensor::empty({3, 2, 5}, Device::cuda), dx = Tensor::empty({3, 2, 4}, Device::cuda);
  std::vector<LstmWeights> gradients{{Tensor::empty({20, 4}, Device::cuda), Tensor::empty({20, 5}, Device::cuda),
                                      Tensor::empty({20}, Device::cuda), Tensor::empty({20}, Device::cuda)}};
  std::vector<Tensor> saved;
  lstm_forward_cuda(shape, weights, x, y, &saved);
  const auto backward = [&] { lstm_backward_cuda(shape, weights, x, y, saved, dy, dx, gradients); };
  EXPECT_THAT(cudasim::misuse(backward), testing::IsEmpty());
  EXPECT_THAT(cudasim::misuse(backward), testing::HasSubstr("reserve space"));
}

}  // namespace
}  // namespace unmix
