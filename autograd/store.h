// Where the sums of a reduction go.
#pragma once

#include "tensor/launch.h"

namespace unmix {

// out[i] = factor * sum
struct StoreSum {
  float* out;
  double factor = 1.0;
  HD void operator()(int64_t i, const Values<double, 1>& sum) const { out[i] = static_cast<float>(factor * sum[0]); }
};

}  // namespace unmix
