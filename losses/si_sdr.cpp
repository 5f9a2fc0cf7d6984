#include "losses/si_sdr.h"

namespace unmix {

Var si_sdr(const Estimate& estimate, const Tensor& target, const LossContext& context) {
  const Projection p =
      project(estimate, target, Gain::optimal, context.variant == Variant::code ? Vectors::all : Vectors::rows);
  const Var energy(p.energy);
  const Var per_correlation = sqrt(energy) / add_scalar(energy, kEps);  // |a| / <z,y>
  const Var ratio = square(p.correlation * per_correlation) / add_scalar(p.residual, kEps);
  return scale(mean(decibels(ratio)), -1.0f);
}

}  // namespace unmix
