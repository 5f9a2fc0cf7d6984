// What the losses have in common.
#pragma once

#include "losses/losses.h"

namespace unmix {

constexpr float kEps = kLossEps;

// What over_sources makes of a formula "sum_k ..." in the paper variant.
constexpr std::string_view kMeanOverSources = "the mean over the K sources";

// One value per source to their sum (code) or mean (paper).
inline Var over_sources(const Var& per_source, const LossContext& context) {
  return context.variant == Variant::code ? sum(per_source) : mean(per_source);
}

// 10 log10(ratio + eps)
inline Var decibels(const Var& ratio) { return scale(log(add_scalar(ratio, kEps)), 4.3429448190325183f); }

// sum += term; the first term begins it.
inline void add_term(Var& sum, const Var& term) { sum = sum.defined() ? sum + term : term; }

// M_k |X|
inline Estimate magnitude_estimate(const Signals& signals) { return {signals.masks(), signals.mixture_magnitude()}; }

// z_k = ISTFT(M_k X)
inline Estimate waveform_estimate(Signals& signals) { return {signals.estimates()}; }

}  // namespace unmix
