// Batch normalisation with running statistics (Ioffe & Szegedy, 2015): x (rows, channels) or (batch, channels, h, w),
// eps 1e-5, momentum 0.1; weight 1 and bias 0 at the start, as PyTorch's BatchNorm1d and BatchNorm2d.
#pragma once

#include "autograd/ops.h"
#include "layers/module.h"

namespace unmix {

class BatchNorm : public Module {
 public:
  explicit BatchNorm(int64_t channels) : running_{Tensor::zeros({channels}), Tensor::full({channels}, 1.0f)} {
    weight_ = add_parameter("weight", Tensor::full({channels}, 1.0f));
    bias_ = add_parameter("bias", Tensor::zeros({channels}));
    add_buffer("running_mean", &running_.mean);
    add_buffer("running_var", &running_.variance);
  }

  Var operator()(const Var& x) { return batch_norm(x, normalization()); }

  // For operations that normalise by this layer on the way.
  BatchNormParameters normalization() { return {weight_, bias_, &running_, training()}; }

 private:
  Var weight_, bias_;
  BatchStatistics running_;
};

}  // namespace unmix
