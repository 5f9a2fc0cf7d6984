#include <cudnn.h>
#include <gmock/gmock.h>

#include <numeric>

#include "tests/cudasim/library_helpers.h"

namespace cudasim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kForward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
constexpr auto kData = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
constexpr auto kFilter = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

// x [2, 3, 5, 6], w [4, 3, 3, 2], padding 1 x 0, stride 2 x 1: y [2, 4, 3, 5].
class CudnnConvolutionSim : public ::testing::Test {
 protected:
  CudnnConvolutionSim() {
    EXPECT_EQ(cudnnCreate(&handle_), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetStream(handle_, test_stream()), CUDNN_STATUS_SUCCESS);
    for (auto* tensor : {&x_desc_, &y_desc_, &unset_}) cudnnCreateTensorDescriptor(tensor);
    cudnnCreateFilterDescriptor(&w_desc_);
    cudnnCreateConvolutionDescriptor(&convolution_);
    cudnnSetTensor4dDescriptor(x_desc_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 3, 5, 6);
    cudnnSetTensor4dDescriptor(y_desc_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 3, 5);
    cudnnSetFilter4dDescriptor(w_desc_, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 4, 3, 3, 2);
    set(CUDNN_CROSS_CORRELATION);
    EXPECT_EQ(
        cudnnGetConvolutionForwardWorkspaceSize(handle_, x_desc_, w_desc_, convolution_, y_desc_, kForward, &work_),
        CUDNN_STATUS_SUCCESS);
  }
  ~CudnnConvolutionSim() override {
    for (auto tensor : {x_desc_, y_desc_, unset_}) cudnnDestroyTensorDescriptor(tensor);
    cudnnDestroyFilterDescriptor(w_desc_);
    cudnnDestroyConvolutionDescriptor(convolution_);
    cudnnDestroy(handle_);
  }

  void set(cudnnConvolutionMode_t mode) {
    cudnnSetConvolution2dDescriptor(convolution_, 1, 0, 2, 1, 1, 1, mode, CUDNN_DATA_FLOAT);
    cudnnSetConvolutionMathType(convolution_, CUDNN_FMA_MATH);
  }
  cudnnStatus_t forward(const float* x, float* y, float alpha = 1.0f, float beta = 0.0f) {
    return cudnnConvolutionForward(handle_, &alpha, x_desc_, x, w_desc_, w_.get(), convolution_, kForward,
                                   workspace_.get(), work_, &beta, y_desc_, y);
  }
  cudnnStatus_t backward_data(float* dx, float beta = 0.0f) {
    const float one = 1.0f;
    return cudnnConvolutionBackwardData(handle_, &one, w_desc_, w_.get(), y_desc_, dy_.get(), convolution_, kData,
                                        workspace_.get(), workspace_.bytes(), &beta, x_desc_, dx);
  }
  cudnnStatus_t backward_filter(float* dw, float beta = 0.0f) {
    const float one = 1.0f;
    return cudnnConvolutionBackwardFilter(handle_, &one, x_desc_, x_.get(), y_desc_, dy_.get(), convolution_, kFilter,
                                          workspace_.get(), workspace_.bytes(), &beta, w_desc_, dw);
  }

  cudnnHandle_t handle_ = nullptr;
  cudnnTensorDescriptor_t x_desc_ = nullptr, y_desc_ = nullptr, unset_ = nullptr;
  cudnnFilterDescriptor_t w_desc_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
  size_t work_ = 0;
  const std::vector<float> x_values_ = random_floats(180, 1), w_values_ = random_floats(72, 2),
                           dy_values_ = random_floats(120, 3);
  DeviceFloats x_{x_values_}, w_{w_values_}, dy_{dy_values_}, y_{120}, workspace_{1024};
};

// The formula of one output, turned or not.
std::vector<double> plain_convolution(const std::vector<float>& x, const std::vector<float>& w, bool turned) {
  std::vector<double> y;
  for (int n = 0; n < 2; ++n)
    for (int k = 0; k < 4; ++k)
      for (int p = 0; p < 3; ++p)
        for (int q = 0; q < 5; ++q) {
          double sum = 0.0;
          for (int c = 0; c < 3; ++c)
            for (int r = 0; r < 3; ++r)
              for (int s = 0; s < 2; ++s) {
                const int row = 2 * p + r - 1, column = q + s;
                if (row < 0 || row >= 5) continue;
                const int weight = (k * 3 + c) * 6 + (turned ? (2 - r) * 2 + 1 - s : r * 2 + s);
                sum += static_cast<double>(x[static_cast<size_t>(((n * 3 + c) * 5 + row) * 6 + column)]) *
                       static_cast<double>(w[static_cast<size_t>(weight)]);
              }
          y.push_back(sum);
        }
  return y;
}

double inner(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST_F(CudnnConvolutionSim, ForwardFollowsTheFormula) {
  ASSERT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_SUCCESS);
  const auto y = y_.values();
  EXPECT_LT(difference(y, plain_convolution(x_values_, w_values_, false)), 1e-5);
  EXPECT_GT(difference(y, plain_convolution(x_values_, w_values_, true)), 0.1);
  set(CUDNN_CONVOLUTION);
  ASSERT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_SUCCESS);
  EXPECT_LT(difference(y_.values(), plain_convolution(x_values_, w_values_, true)), 1e-5);
}

// y is linear in x and in w, so that <dy, y> = <dx, x> = <dw, w>; and the same with other x and w.
TEST_F(CudnnConvolutionSim, BackwardPassesAreAdjoints) {
  for (const auto mode : {CUDNN_CROSS_CORRELATION, CUDNN_CONVOLUTION}) {
    set(mode);
    const DeviceFloats dx(180), dw(72), other_y(120), other_x(random_floats(180, 9));
    ASSERT_EQ(backward_data(dx.get()), CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(backward_filter(dw.get()), CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(forward(other_x.get(), other_y.get()), CUDNN_STATUS_SUCCESS);
    const double whole = inner(dy_values_, y_.values());
    EXPECT_NEAR(inner(dx.values(), x_values_), whole, 1e-4);
    EXPECT_NEAR(inner(dw.values(), w_values_), whole, 1e-4);
    EXPECT_NEAR(inner(dx.values(), other_x.values()), inner(dy_values_, other_y.values()), 1e-4);
    EXPECT_GT(std::abs(whole - inner(dx.values(), other_x.values())), 0.1);
  }
}

TEST_F(CudnnConvolutionSim, ScalesAndAdds) {
  y_.assign(dy_values_);
  ASSERT_EQ(forward(x_.get(), y_.get(), 2.0f, 3.0f), CUDNN_STATUS_SUCCESS);
  auto right = plain_convolution(x_values_, w_values_, false);
  for (size_t i = 0; i < right.size(); ++i) right[i] = 2.0 * right[i] + 3.0 * static_cast<double>(dy_values_[i]);
  EXPECT_LT(difference(y_.values(), right), 1e-5);
  const DeviceFloats once(72), twice(std::vector<float>(72, 1.0f));
  ASSERT_EQ(backward_filter(once.get()), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(backward_filter(twice.get(), 1.0f), CUDNN_STATUS_SUCCESS);
  auto sum = once.values();
  for (float& value : sum) value += 1.0f;
  EXPECT_LT(difference(twice.values(), sum), 1e-5);
}

TEST_F(CudnnConvolutionSim, RefusesShapesThatDoNotFit) {
  cudnnSetTensor4dDescriptor(y_desc_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 5, 3);
  EXPECT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_BAD_PARAM);
  char reason[200] = "";
  cudnnGetLastErrorString(reason, sizeof reason);
  EXPECT_THAT(reason, HasSubstr("[2, 4, 3, 5]"));
  cudnnSetTensor4dDescriptor(y_desc_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 3, 5);
  cudnnSetFilter4dDescriptor(w_desc_, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 4, 2, 3, 2);
  EXPECT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_BAD_PARAM);
}

TEST_F(CudnnConvolutionSim, RefusesDescriptorsThatAreNotSet) {
  std::swap(y_desc_, unset_);
  EXPECT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(unset_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 0, 5),
            CUDNN_STATUS_BAD_PARAM);
  cudnnTensorDescriptor_t gone = nullptr;
  cudnnCreateTensorDescriptor(&gone);
  cudnnDestroyTensorDescriptor(gone);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(gone, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 3, 5), CUDNN_STATUS_BAD_PARAM);
}

TEST_F(CudnnConvolutionSim, RefusesASmallWorkspaceAndNull) {
  EXPECT_EQ(forward(nullptr, y_.get()), CUDNN_STATUS_BAD_PARAM);
  --work_;
  EXPECT_EQ(forward(x_.get(), y_.get()), CUDNN_STATUS_BAD_PARAM);
}

TEST_F(CudnnConvolutionSim, RefusesAlgorithmsWithoutAStandIn) {
  size_t bytes = 0;
  EXPECT_EQ(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle_, x_desc_, y_desc_, convolution_, w_desc_,
                                                           CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, &bytes),
            CUDNN_STATUS_NOT_SUPPORTED);
}

TEST_F(CudnnConvolutionSim, ReportsMemoryThatIsNotTheDevices) {
  std::vector<float> host(180);
  const DeviceFloats small(119);
  EXPECT_THAT(misuse([&] { forward(x_.get(), y_.get()); }), IsEmpty());
  EXPECT_THAT(misuse([&] { forward(host.data(), y_.get()); }), HasSubstr("x ("));
  EXPECT_THAT(misuse([&] { forward(x_.get(), small.get()); }), HasSubstr("480 bytes"));
  EXPECT_THAT(misuse([&] { backward_data(x_.get()); }), IsEmpty());
  EXPECT_THAT(misuse([&] { backward_data(w_.get()); }), HasSubstr("dx ("));
  EXPECT_THAT(misuse([&] { backward_filter(workspace_.get()); }), HasSubstr("overlaps"));
}

}  // namespace
}  // namespace cudasim
