#include "tensor/conv2d.h"

#include <cmath>

#include "autograd/channels.h"
#include "autograd/ops.h"
#include "autograd/store.h"
#include "base/error.h"

namespace unmix {
namespace {

struct AddBias {
  const float* bias;
  float* y;
  HD void operator()(int64_t i, int64_t channel) const { y[i] += bias[channel]; }
};

struct ReadGradient {
  const float* dy;
  HD Values<float, 1> operator()(int64_t i, int64_t) const { return {{dy[i]}}; }
};

Tensor bias_gradient(const Tensor& dy) {
  const Channels c = Channels::of(dy.shape());
  Tensor db = Tensor::empty({c.channels}, dy.device());
  reduce_channels<1>(dy.device(), c, ReadGradient{dy.data()}, StoreSum{db.data()});
  return db;
}

// Windows of a pooling of planes height x width.
struct Pool {
  int64_t height, width, kernel, stride, out_height, out_width;
  Divider columns{width}, out_columns{out_width}, steps{stride};

  // Index in its plane of the first largest value of window (i, j).
  HD int64_t largest(const float* plane, int64_t i, int64_t j) const {
    int64_t best = i * stride * width + j * stride;
    for (int64_t di = 0; di < kernel; ++di)
      for (int64_t dj = 0; dj < kernel; ++dj) {
        const int64_t at = (i * stride + di) * width + j * stride + dj;
        if (plane[at] > plane[best] || std::isnan(plane[at])) best = at;
      }
    return best;
  }
};

struct PoolForward {
  Pool pool;
  const float* x;
  float* y;
  HD void operator()(int64_t plane, int64_t out) const {
    const float* from = x + plane * pool.height * pool.width;
    y[plane * pool.out_height * pool.out_width + out] =
        from[pool.largest(from, pool.out_columns.quotient(out), pool.out_columns.remainder(out))];
  }
};

// Gathers: each input value asks the windows that hold it, so that no two threads write one place.
struct PoolBackward {
  Pool pool;
  const float *x, *dy;
  float* dx;
  HD void operator()(int64_t plane, int64_t at) const {
    const float* from = x + plane * pool.height * pool.width;
    const float* gradient = dy + plane * pool.out_height * pool.out_width;
    const int64_t row = pool.columns.quotient(at), col = pool.columns.remainder(at);
    const int64_t first_i = row < pool.kernel ? 0 : pool.steps.quotient(row - pool.kernel) + 1;
    const int64_t first_j = col < pool.kernel ? 0 : pool.steps.quotient(col - pool.kernel) + 1;
    float sum = 0.0f;
    for (int64_t i = first_i; i * pool.stride <= row && i < pool.out_height; ++i)
      for (int64_t j = first_j; j * pool.stride <= col && j < pool.out_width; ++j)
        if (pool.largest(from, i, j) == at) sum += gradient[i * pool.out_width + j];
    dx[plane * pool.height * pool.width + at] = sum;
  }
};

}  // namespace

Var conv2d(const Var& x, const Var& weight, const Var& bias, int64_t stride, int64_t padding) {
  const bool shapes = x.shape().size() == 4 && weight.shape().size() == 4 && x.dim(1) == weight.dim(1) &&
                      weight.dim(2) == weight.dim(3) && (!bias.defined() || bias.shape() == Shape{weight.dim(0)});
  check(shapes, "conv2d", "input {} and weight {} do not fit", to_string(x.shape()), to_string(weight.shape()));
  const Conv2dShape shape{x.dim(0), x.dim(1), x.dim(2), x.dim(3), weight.dim(0), weight.dim(2), stride, padding};
  check(stride > 0 && padding >= 0 && shape.height + 2 * padding >= shape.kernel &&
            shape.width + 2 * padding >= shape.kernel,
        "conv2d", "a kernel of {} with stride {} and padding {} does not fit input {}", shape.kernel, stride, padding,
        to_string(x.shape()));
  const Tensor xv = x.value(), w = weight.value();
  const Device device = xv.device();
  Tensor y = Tensor::empty({shape.batch, shape.out, shape.out_height(), shape.out_width()}, device);
  UNMIX_DISPATCH(device, conv2d_forward, shape, xv.data(), w.data(), y.data());
  std::vector<Var> inputs{x, weight};
  if (bias.defined()) {
    for_channels(device, Channels::of(y.shape()), AddBias{bias.value().data(), y.data()});
    inputs.push_back(bias);
  }
  return make_var(y, inputs, [=, with_bias = bias.defined()](const Tensor& dy, Gradients& gradients) {
    if (gradients.wanted(0)) {
      Tensor dx = Tensor::empty(xv.shape(), device);
      UNMIX_DISPATCH(device, conv2d_backward_data, shape, dy.data(), w.data(), dx.data());
      gradients.add(0, dx);
    }
    if (gradients.wanted(1)) {
      Tensor dw = Tensor::empty(w.shape(), device);
      UNMIX_DISPATCH(device, conv2d_backward_weight, shape, xv.data(), dy.data(), dw.data());
      gradients.add(1, dw);
    }
    if (with_bias && gradients.wanted(2)) gradients.add(2, bias_gradient(dy));
  });
}

Var max_pool2d(const Var& x, int64_t kernel, int64_t stride) {
  check(x.shape().size() == 4 && kernel > 0 && stride > 0 && x.dim(2) >= kernel && x.dim(3) >= kernel, "max_pool2d",
        "windows of {} with stride {} do not fit input {}", kernel, stride, to_string(x.shape()));
  const Tensor xv = x.value();
  const Device device = xv.device();
  const int64_t height = xv.dim(2), width = xv.dim(3), planes = xv.dim(0) * xv.dim(1);
  const Pool pool{height, width, kernel, stride, (height - kernel) / stride + 1, (width - kernel) / stride + 1};
  Tensor y = Tensor::empty({xv.dim(0), xv.dim(1), pool.out_height, pool.out_width}, device);
  parallel_for(device, planes, pool.out_height * pool.out_width, PoolForward{pool, xv.data(), y.data()});
  return make_var(y, {x}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(xv.shape(), device);
    parallel_for(device, planes, height * width, PoolBackward{pool, xv.data(), dy.data(), dx.data()});
    gradients.add(0, dx);
  });
}

}  // namespace unmix
