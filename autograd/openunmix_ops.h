// The two operations that only Open-Unmix needs: its input scaling, and its end in one pass.
#pragma once

#include "autograd/ops.h"

namespace unmix {

// x (rows, channels, bins) -> (rows, channels * kept): (x[:, :, :kept] + shift) * scale, shift and scale of `kept`.
Var standardize(const Var& x, const Var& shift, const Var& scale);

// relu(batch_norm(x) * scale + shift), x (rows, channels * bins), `layer` of channels * bins, scale and shift (bins).
// The result is written to `out` (rows, channels * bins) where defined.
Var mask_head(const Var& x, const BatchNormParameters& layer, const Var& scale, const Var& shift, Tensor out = {});

}  // namespace unmix
