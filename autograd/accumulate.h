// Sums of gradients.
#pragma once

#include "tensor/tensor.h"

namespace unmix {

// sum + addend; written into `sum` where nothing else shares its memory.
Tensor accumulate(Tensor sum, const Tensor& addend);

}  // namespace unmix
