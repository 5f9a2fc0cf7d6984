// Mean and variance of each channel of a batch (Ioffe & Szegedy, 2015, algorithm 1), for batch_norm and mask_head.
#pragma once

#include <cmath>

#include "autograd/channels.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace unmix {

// Per channel: m, and 1 / sqrt(v + eps) with the biased variance v.
struct Normalizer {
  Tensor mean, scale;
};

namespace statistics_detail {

// The median of nine values that are spread over the channel. Deviations are taken from it: neither a large mean nor a
// value that lies far off then cancels digits of the variance.
struct FindPivot {
  static constexpr int kValues = 9;
  const float* x;
  Channels c;
  Divider inner;
  float* pivot;
  HD void operator()(int64_t channel) const {
    float values[kValues];
    for (int i = 0; i < kValues; ++i) {
      const int64_t at = i * c.per_channel() / kValues, plane = inner.quotient(at) * c.channels + channel;
      values[i] = x[plane * c.inner + inner.remainder(at)];
    }
    // The largest to the end, again and again, by places that the compiler knows: all nine stay in registers.
    for (int end = kValues; end > kValues / 2; --end)
      for (int i = 0; i + 1 < kValues; ++i) {
        if (i + 1 >= end || values[i] <= values[i + 1]) continue;
        const float larger = values[i];
        values[i] = values[i + 1];
        values[i + 1] = larger;
      }
    pivot[channel] = values[kValues / 2];
  }
};

struct Deviations {
  const float *x, *pivot;
  HD Values<float, 2> operator()(int64_t index, int64_t channel) const {
    const float d = x[index] - pivot[channel];
    return {{d, d * d}};
  }
};

struct StoreStatistics {
  const float* pivot;
  int64_t count;
  float momentum, eps;
  float *mean, *scale, *running_mean, *running_variance;
  HD void operator()(int64_t channel, const Values<double, 2>& sums) const {
    const double n = static_cast<double>(count), d = sums[0] / n;
    const double m = pivot[channel] + d, deviation = sums[1] / n - d * d, v = deviation > 0.0 ? deviation : 0.0;
    mean[channel] = static_cast<float>(m);
    scale[channel] = static_cast<float>(1.0 / std::sqrt(v + eps));
    running_mean[channel] += momentum * (static_cast<float>(m) - running_mean[channel]);
    running_variance[channel] += momentum * (static_cast<float>(v * n / (n - 1.0)) - running_variance[channel]);
  }
};

struct UseRunning {
  const float *running_mean, *running_variance;
  float eps;
  float *mean, *scale;
  HD void operator()(int64_t channel) const {
    mean[channel] = running_mean[channel];
    scale[channel] = 1.0f / std::sqrt(running_variance[channel] + eps);
  }
};

}  // namespace statistics_detail

// In training: of the batch, and moves the running statistics; otherwise of the running ones.
inline Normalizer batch_statistics(const Tensor& x, const Channels& c, const BatchNormParameters& layer,
                                   const char* op) {
  using namespace statistics_detail;
  const Device device = x.device();
  Normalizer n{Tensor::empty({c.channels}, device), Tensor::empty({c.channels}, device)};
  float *mean = layer.running->mean.data(), *variance = layer.running->variance.data();
  if (!layer.training) {
    parallel_for(device, c.channels, UseRunning{mean, variance, layer.eps, n.mean.data(), n.scale.data()});
    return n;
  }
  check(c.per_channel() > 1, op, "shape {} has one value per channel: training needs two or more",
        to_string(x.shape()));
  Tensor pivot = Tensor::empty({c.channels}, device);
  parallel_for(device, c.channels, FindPivot{x.data(), c, Divider(c.inner), pivot.data()});
  reduce_channels<2>(device, c, Deviations{x.data(), pivot.data()},
                     StoreStatistics{pivot.data(), c.per_channel(), layer.momentum, layer.eps, n.mean.data(),
                                     n.scale.data(), mean, variance});
  return n;
}

}  // namespace unmix
