// The end of Open-Unmix in one pass forward and two back. For column c with bin b = c mod bins:
//   y = relu(a_c (x - m_c) + d_c),  a_c = w_c r_c s_b,  d_c = bias_c s_b + t_b
// With v = dy where y > 0, S1 = sum v, S2 = sum v x^, x^ = (x - m) r, over n rows:
//   dbias = s S1,  dw = s S2,  dt_b = sum over channels S1,  ds_b = sum over channels (w S2 + bias S1),
//   dx = a (v - S1/n - x^ S2/n), in evaluation dx = a v
#include "autograd/batch_statistics.h"
#include "autograd/openunmix_ops.h"
#include "base/error.h"

namespace unmix {
namespace {

struct Columns {
  const float *weight, *bias, *scale, *shift, *r;
  int64_t bins;
  float *factor, *offset;
  HD void operator()(int64_t channel, int64_t b) const {
    const int64_t c = channel * bins + b;
    factor[c] = weight[c] * r[c] * scale[b];
    offset[c] = bias[c] * scale[b] + shift[b];
  }
};

struct Apply {
  const float *x, *mean, *factor, *offset;
  float* y;
  HD void operator()(int64_t i, int64_t c) const {
    const float value = factor[c] * (x[i] - mean[c]) + offset[c];
    y[i] = value <= 0.0f ? 0.0f : value;  // NaN passes through
  }
};

struct GradientSums {
  const float *x, *y, *dy, *mean, *r;
  HD Values<float, 2> operator()(int64_t i, int64_t c) const {
    const float v = y[i] > 0.0f ? dy[i] : 0.0f;
    return {{v, v * (x[i] - mean[c]) * r[c]}};
  }
};

struct StoreSums {
  float *s1, *s2;
  HD void operator()(int64_t c, const Values<double, 2>& sums) const {
    s1[c] = static_cast<float>(sums[0]);
    s2[c] = static_cast<float>(sums[1]);
  }
};

struct ColumnGradients {
  const float *s1, *s2, *scale;
  int64_t bins;
  float *dweight, *dbias;
  HD void operator()(int64_t channel, int64_t b) const {
    const int64_t c = channel * bins + b;
    dweight[c] = scale[b] * s2[c];
    dbias[c] = scale[b] * s1[c];
  }
};

struct BinGradients {
  const float *s1, *s2, *weight, *bias;
  int64_t bins, channels;
  float *dscale, *dshift;
  HD void operator()(int64_t b) const {
    float ds = 0.0f, dt = 0.0f;
    for (int64_t c = b; c < channels * bins; c += bins) {
      ds += weight[c] * s2[c] + bias[c] * s1[c];
      dt += s1[c];
    }
    dscale[b] = ds;
    dshift[b] = dt;
  }
};

struct InputGradient {
  const float *x, *y, *dy, *mean, *r, *factor, *s1, *s2;
  float per_row;  // 1/n in training, 0 in evaluation
  float* dx;
  HD void operator()(int64_t i, int64_t c) const {
    const float v = y[i] > 0.0f ? dy[i] : 0.0f;
    dx[i] = factor[c] * (v - per_row * (s1[c] + (x[i] - mean[c]) * r[c] * s2[c]));
  }
};

}  // namespace

Var mask_head(const Var& x, const BatchNormParameters& layer, const Var& scale, const Var& shift, Tensor out) {
  const Var &weight = layer.weight, &bias = layer.bias;
  const BatchStatistics& running = *layer.running;
  const int64_t bins = scale.size();
  check(x.shape().size() == 2 && weight.shape() == Shape{x.dim(1)} && bias.shape() == weight.shape() && bins > 0 &&
            running.mean.shape() == weight.shape() && running.variance.shape() == weight.shape() &&
            scale.shape() == shift.shape() && x.dim(1) % bins == 0,
        "mask_head", "input {}, weight {}, bias {}, scale {} and shift {} do not fit", to_string(x.shape()),
        to_string(weight.shape()), to_string(bias.shape()), to_string(scale.shape()), to_string(shift.shape()));
  const Tensor xv = x.value(), w = weight.value(), b = bias.value(), s = scale.value();
  const Device device = xv.device();
  const Channels c{xv.dim(0), xv.dim(1), 1};
  const Normalizer n = batch_statistics(xv, c, layer, "mask_head");
  Tensor factor = Tensor::empty({c.channels}, device), offset = Tensor::empty({c.channels}, device);
  parallel_for(
      device, c.channels / bins, bins,
      Columns{w.data(), b.data(), s.data(), shift.value().data(), n.scale.data(), bins, factor.data(), offset.data()});
  Tensor y = out.defined() ? out : Tensor::empty(xv.shape(), device);
  check(y.shape() == xv.shape(), "mask_head", "output {} does not fit input {}", to_string(y.shape()),
        to_string(xv.shape()));
  for_channels(device, c, Apply{xv.data(), n.mean.data(), factor.data(), offset.data(), y.data()});

  return make_var(
      y, {x, weight, bias, scale, shift}, [=, training = layer.training](const Tensor& dy, Gradients& gradients) {
        Tensor s1 = Tensor::empty({c.channels}, device), s2 = Tensor::empty({c.channels}, device);
        reduce_channels<2>(device, c, GradientSums{xv.data(), y.data(), dy.data(), n.mean.data(), n.scale.data()},
                           StoreSums{s1.data(), s2.data()});
        Tensor dw = Tensor::empty(w.shape(), device), db = Tensor::empty(w.shape(), device);
        parallel_for(device, c.channels / bins, bins,
                     ColumnGradients{s1.data(), s2.data(), s.data(), bins, dw.data(), db.data()});
        Tensor ds = Tensor::empty({bins}, device), dt = Tensor::empty({bins}, device);
        parallel_for(
            device, bins,
            BinGradients{s1.data(), s2.data(), w.data(), b.data(), bins, c.channels / bins, ds.data(), dt.data()});
        if (gradients.wanted(0)) {
          Tensor dx = Tensor::empty(xv.shape(), device);
          const float per_row = training ? 1.0f / static_cast<float>(c.outer) : 0.0f;
          for_channels(device, c,
                       InputGradient{xv.data(), y.data(), dy.data(), n.mean.data(), n.scale.data(), factor.data(),
                                     s1.data(), s2.data(), per_row, dx.data()});
          gradients.add(0, dx);
        }
        gradients.add(1, dw);
        gradients.add(2, db);
        gradients.add(3, ds);
        gradients.add(4, dt);
      });
}

}  // namespace unmix
