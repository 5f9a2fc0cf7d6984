// 2-D convolution (cross-correlation, as all frameworks compute it): oneDNN on the CPU, cuDNN on CUDA.
// x (batch, in, height, width), weight (out, in, kernel, kernel), y (batch, out, out_height(), out_width()).
#pragma once

#include <cstdint>

#include "tensor/device.h"

namespace unmix {

struct Conv2dShape {
  int64_t batch, in, height, width, out;
  int64_t kernel, stride, padding;  // square kernels, the same on both axes; zeros outside
  int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
};

void conv2d_forward_cpu(const Conv2dShape& shape, const float* x, const float* weight, float* y);
void conv2d_forward_cuda(const Conv2dShape& shape, const float* x, const float* weight, float* y);
void conv2d_backward_data_cpu(const Conv2dShape& shape, const float* dy, const float* weight, float* dx);
void conv2d_backward_data_cuda(const Conv2dShape& shape, const float* dy, const float* weight, float* dx);
void conv2d_backward_weight_cpu(const Conv2dShape& shape, const float* x, const float* dy, float* dweight);
void conv2d_backward_weight_cuda(const Conv2dShape& shape, const float* x, const float* dy, float* dweight);

}  // namespace unmix
