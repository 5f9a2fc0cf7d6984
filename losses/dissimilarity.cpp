// Dissimilarity: each magnitude estimate is drawn to its target and pushed off the others'. With the targets' mean A
// and their spread V = sum_j mean (|Y_j| - A)^2:  sum_j D(k, j) = K mean (M_k|X| - A)^2 + V.
#include "losses/terms.h"

namespace unmix {

const LossEntry dissimilarity = {
    .name = "Dissimilarity",
    .domain = "magnitude",
    .code = "sum_k [D(k,k) - 0.1 sum_j D(k,j)], D(k,j) = mean (M_k|X| - |Y_j|)^2",
    .paper = "mean_k [D(k,k) - 0.05 sum_{j != k} D(k,j)]",
    .source = "losses/dissimilarity.cpp",
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      const Tensor& targets = signals.target_magnitudes();
      const auto sources = static_cast<float>(signals.sources());
      const Tensor centre = scale(sum_axis(Var(targets), 0), 1.0f / sources).value();
      const Estimate estimate = magnitude_estimate(signals);
      const Var own = distance(estimate, targets, Distance::squared);
      const Var spread = sum(distance({Var(targets)}, centre, Distance::squared));
      const Var all = scale(distance(estimate, centre, Distance::squared), sources) + spread;
      if (context.variant == Variant::code) return sum(own - scale(all, 0.1f));
      return mean(own - scale(all - own, 0.05f));
    },
};

}  // namespace unmix
