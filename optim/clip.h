// Clipping of the gradients' common norm, as torch.nn.utils.clip_grad_norm_:
//   g *= min(1, max_norm / (norm + 1e-6)),  norm = Euclidean norm over all gradients
#pragma once

#include "autograd/var.h"

namespace unmix {

// Scales the gradients in place; parameters without one are left out. Returns the norm before, shape {}, on the
// parameters' device: nothing waits for it. A norm that is not finite makes gradients that are not, as in PyTorch.
Tensor clip_gradient_norm(const NamedVars& parameters, float max_norm);

}  // namespace unmix
