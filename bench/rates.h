// What a device reaches at the two plainest works, a copy and a product: the share of that is beside every figure.
#pragma once

#include "tensor/device.h"

namespace unmix::bench {

struct Rates {
  double copy;     // bytes/s, read and written, of a buffer far larger than the caches
  double product;  // FLOP/s of a large square product in float32
};

// The best of a few repetitions with all threads, measured on the first call for a device.
const Rates& rates(Device device);

}  // namespace unmix::bench
