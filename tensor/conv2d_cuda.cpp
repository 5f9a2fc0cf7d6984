#include "tensor/conv2d.h"

#include <array>

#include "tensor/cuda_libraries.h"

namespace unmix {
namespace {

// All three give the same bits at every run (cuDNN reference, reproducibility); they are never chosen by timing.
constexpr auto kForward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
constexpr auto kBackwardData = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
constexpr auto kBackwardWeight = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

using FilterDescriptor = Owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor =
    Owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor>;

using PlanKey = std::pair<std::array<int64_t, 8>, Precision>;

PlanKey key_of(const Conv2dShape& s) {
  return {{s.batch, s.in, s.height, s.width, s.out, s.kernel, s.stride, s.padding}, precision()};
}

void set_nchw(cudnnTensorDescriptor_t desc, int64_t n, int64_t c, int64_t h, int64_t w) {
  UNMIX_CUDNN_CHECK(cudnnSetTensor4dDescriptor(desc, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, int_of(n), int_of(c),
                                               int_of(h), int_of(w)));
}

struct ConvPlan {
  explicit ConvPlan(const PlanKey& key);
  TensorDescriptor x, y;
  FilterDescriptor weight;
  ConvolutionDescriptor convolution;
  size_t forward_bytes = 0, data_bytes = 0, weight_bytes = 0;
};

ConvPlan::ConvPlan(const PlanKey& key) {
  const auto& [batch, in, height, width, out, kernel, stride, padding] = key.first;
  const Conv2dShape shape{batch, in, height, width, out, kernel, stride, padding};
  const int k = int_of(kernel), s = int_of(stride), p = int_of(padding);
  set_nchw(x, batch, in, height, width);
  set_nchw(y, batch, out, shape.out_height(), shape.out_width());
  UNMIX_CUDNN_CHECK(
      cudnnSetFilter4dDescriptor(weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, int_of(out), int_of(in), k, k));
  UNMIX_CUDNN_CHECK(
      cudnnSetConvolution2dDescriptor(convolution, p, p, s, s, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  UNMIX_CUDNN_CHECK(cudnnSetConvolutionMathType(convolution, cudnn_math()));
  const cudnnHandle_t handle = cudnn_handle();
  UNMIX_CUDNN_CHECK(
      cudnnGetConvolutionForwardWorkspaceSize(handle, x, weight, convolution, y, kForward, &forward_bytes));
  UNMIX_CUDNN_CHECK(
      cudnnGetConvolutionBackwardDataWorkspaceSize(handle, weight, y, convolution, x, kBackwardData, &data_bytes));
  UNMIX_CUDNN_CHECK(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, convolution, weight, kBackwardWeight,
                                                                   &weight_bytes));
}

ConvPlan& plan_for(const Conv2dShape& shape) { return cached_plan<ConvPlan>(key_of(shape)); }

constexpr float kOne = 1.0f, kZero = 0.0f;

}  // namespace

void conv2d_forward_cuda(const Conv2dShape& shape, const float* x, const float* weight, float* y) {
  const ConvPlan& plan = plan_for(shape);
  const Workspace work(plan.forward_bytes);
  UNMIX_CUDNN_CHECK(cudnnConvolutionForward(cudnn_handle(), &kOne, plan.x, x, plan.weight, weight, plan.convolution,
                                            kForward, work.data(), work.bytes(), &kZero, plan.y, y));
}

void conv2d_backward_data_cuda(const Conv2dShape& shape, const float* dy, const float* weight, float* dx) {
  const ConvPlan& plan = plan_for(shape);
  const Workspace work(plan.data_bytes);
  UNMIX_CUDNN_CHECK(cudnnConvolutionBackwardData(cudnn_handle(), &kOne, plan.weight, weight, plan.y, dy,
                                                 plan.convolution, kBackwardData, work.data(), work.bytes(), &kZero,
                                                 plan.x, dx));
}

void conv2d_backward_weight_cuda(const Conv2dShape& shape, const float* x, const float* dy, float* dweight) {
  const ConvPlan& plan = plan_for(shape);
  const Workspace work(plan.weight_bytes);
  UNMIX_CUDNN_CHECK(cudnnConvolutionBackwardFilter(cudnn_handle(), &kOne, plan.x, x, plan.y, dy, plan.convolution,
                                                   kBackwardWeight, work.data(), work.bytes(), &kZero, plan.weight,
                                                   dweight));
}

}  // namespace unmix
