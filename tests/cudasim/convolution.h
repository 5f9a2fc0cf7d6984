// The convolutions behind the stand-ins of cuDNN, per image as products with the matrix of its patches.
//   y[n, k, p, q] = sum over c, r, s of w[k, c, r, s] x[n, c, p stride_h + r dilation_h - pad_h, q stride_w + ...]
// (CUDNN_CONVOLUTION: w turned by 180 degrees.) float32, NCHW, sums in double. All pointers lie on the device.
#pragma once

#include "tests/cudasim/cudnn_types.h"

namespace cudasim {

struct Convolution {
  int64_t batch, in, height, width, out, kernel_h, kernel_w, out_h, out_w;
  cudnnConvolutionStruct set;
  int64_t patch() const { return in * kernel_h * kernel_w; }
  int64_t places() const { return out_h * out_w; }
  int64_t x_floats() const { return batch * in * height * width; }
  int64_t y_floats() const { return batch * out * places(); }
  int64_t w_floats() const { return out * patch(); }
  double flops() const { return 2.0 * static_cast<double>(batch * out * places()) * static_cast<double>(patch()); }
  // Where the weight that belongs to an element of a patch lies in its filter.
  int64_t weight_of(int64_t element) const {
    if (set.mode == CUDNN_CROSS_CORRELATION) return element;
    const int64_t size = kernel_h * kernel_w;
    return element / size * size + size - 1 - element % size;
  }
};

// The output of a call: alpha times the result, plus beta times what was there.
struct Blend {
  float alpha, beta;
};

void convolve(const Convolution& c, const float* x, const float* weight, float* y, Blend blend);
void convolve_backward_data(const Convolution& c, const float* weight, const float* dy, float* dx, Blend blend);
void convolve_backward_filter(const Convolution& c, const float* x, const float* dy, float* dweight, Blend blend);

}  // namespace cudasim
