// The discriminators' side of losses/adversarial.cpp.
#pragma once

#include "losses/gan.h"
#include "models/discriminator.h"

namespace unmix {

// L_Dk of the formula, of magnitudes (frames, batch, channels, bins) outside the graph; undefined ones drop out.
Var discriminator_loss(const Discriminators& discriminators, Gan gan, int64_t k, const Tensor& real, const Tensor& fake,
                       const Tensor& unpaired_real, const Tensor& unpaired_fake);

}  // namespace unmix
