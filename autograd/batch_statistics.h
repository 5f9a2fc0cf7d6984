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
  const float* x;
  Channels c;
  float* pivot;
  HD void operator()(int64_t channel) const {
    constexpr int kMost = 9;
    const int64_t count = c.per_channel();
    const int n = count < kMost ? static_cast<int>(count) : kMost;
    float sorted[kMost] = {};
    for (int i = 0; i < n; ++i) {
      const int64_t at = i * count / n;
      const float value = x[(at / c.inner * c.channels + channel) * c.inner + at % c.inner];
      int place = i;
      for (; place > 0 && sorted[place - 1] > value; --place) sorted[place] = sorted[place - 1];
      sorted[place] = value;
    }
    pivot[channel] = sorted[n / 2];
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
  parallel_for(device, c.channels, FindPivot{x.data(), c, pivot.data()});
  reduce_channels<2>(device, c, Deviations{x.data(), pivot.data()},
                     StoreStatistics{pivot.data(), c.per_channel(), layer.momentum, layer.eps, n.mean.data(),
                                     n.scale.data(), mean, variance});
  return n;
}

}  // namespace unmix
