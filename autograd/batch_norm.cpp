// y = w (x - m) r + b per channel, r = 1 / sqrt(v + eps) (Ioffe & Szegedy, 2015). With x^ = (x - m) r over n values:
//   db = sum dy,  dw = sum dy x^,  dx = w r (dy - db/n - x^ dw/n), in evaluation dx = w r dy
#include "autograd/batch_statistics.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace unmix {
namespace {

struct Normalize {
  const float *x, *mean, *scale, *weight, *bias;
  float* y;
  HD void operator()(int64_t i, int64_t c) const { y[i] = (x[i] - mean[c]) * scale[c] * weight[c] + bias[c]; }
};

struct GradientSums {
  const float *x, *dy, *mean, *scale;
  HD Values<float, 2> operator()(int64_t i, int64_t c) const { return {{dy[i], dy[i] * (x[i] - mean[c]) * scale[c]}}; }
};

struct StoreGradients {
  float *dbias, *dweight;
  HD void operator()(int64_t c, const Values<double, 2>& sums) const {
    dbias[c] = static_cast<float>(sums[0]);
    dweight[c] = static_cast<float>(sums[1]);
  }
};

struct InputGradient {
  const float *x, *dy, *mean, *scale, *weight, *dbias, *dweight;
  float per_value;  // 1/n in training, 0 in evaluation
  float* dx;
  HD void operator()(int64_t i, int64_t c) const {
    const float normal = (x[i] - mean[c]) * scale[c];
    dx[i] = weight[c] * scale[c] * (dy[i] - per_value * (dbias[c] + normal * dweight[c]));
  }
};

}  // namespace

Var batch_norm(const Var& x, const BatchNormParameters& layer) {
  const Var &weight = layer.weight, &bias = layer.bias;
  const BatchStatistics& running = *layer.running;
  check(x.shape().size() >= 2 && weight.shape() == Shape{x.dim(1)} && bias.shape() == weight.shape() &&
            running.mean.shape() == weight.shape() && running.variance.shape() == weight.shape(),
        "batch_norm", "input {}, weight {} and bias {} do not fit", to_string(x.shape()), to_string(weight.shape()),
        to_string(bias.shape()));
  const Tensor xv = x.value(), w = weight.value();
  const Channels c = Channels::of(xv.shape());
  const Device device = xv.device();
  const Normalizer n = batch_statistics(xv, c, layer, "batch_norm");
  Tensor y = Tensor::empty(xv.shape(), device);
  for_channels(device, c, Normalize{xv.data(), n.mean.data(), n.scale.data(), w.data(), bias.value().data(), y.data()});
  return make_var(y, {x, weight, bias}, [=, training = layer.training](const Tensor& dy, Gradients& gradients) {
    Tensor db = Tensor::empty({c.channels}, device), dw = Tensor::empty({c.channels}, device);
    reduce_channels<2>(device, c, GradientSums{xv.data(), dy.data(), n.mean.data(), n.scale.data()},
                       StoreGradients{db.data(), dw.data()});
    if (gradients.wanted(0)) {
      Tensor dx = Tensor::empty(xv.shape(), device);
      const float per_value = training ? 1.0f / static_cast<float>(c.per_channel()) : 0.0f;
      for_channels(device, c,
                   InputGradient{xv.data(), dy.data(), n.mean.data(), n.scale.data(), w.data(), db.data(), dw.data(),
                                 per_value, dx.data()});
      gradients.add(0, dx);
    }
    gradients.add(1, dw);
    gradients.add(2, db);
  });
}

}  // namespace unmix
