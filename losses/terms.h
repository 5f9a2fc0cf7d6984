// What the losses have in common.
#pragma once

#include "losses/registry.h"

namespace unmix {

constexpr float kEps = 0x1p-23f;  // keeps logarithms and ratios finite

// Of one value per source: their sum (seed) or mean (paper).
inline Var over_sources(const Var& per_source, const LossContext& context) {
  return context.variant == Variant::seed ? sum(per_source) : mean(per_source);
}

// 10 log10(ratio + eps)
inline Var decibels(const Var& ratio) { return scale(log(add_scalar(ratio, kEps)), 4.3429448190325183f); }

// M_k |X|
inline Estimate magnitude_estimate(const Signals& signals) { return {signals.masks(), signals.mixture_magnitude()}; }

}  // namespace unmix
