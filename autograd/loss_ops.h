// The inner loops of losses: a pass or two over estimates and targets that stores nothing of their size but gradients.
#pragma once

#include "autograd/ops.h"

namespace unmix {

// Estimates of several rows (rows, ...): a tensor, or a mask (rows, ...) times a magnitude (...) that every row shares
// and whose product is never stored.
struct Estimate {
  Var input;              // the tensor, or the mask
  Tensor magnitude = {};  // undefined: the input is the estimate
};

enum class Distance { squared, absolute };

// Per row the mean of e^2 or |e|, e = estimate - target. target (rows, ...), or (...) where every row has the same.
// Shape {rows}.
Var distance(const Estimate& estimate, const Tensor& target, Distance distance);

// Keeps ratios and logarithms of losses finite: eps, one rounding of 1 in float32.
constexpr double kLossEps = 0x1p-23;

// The gain a of the residual z - a y: 1, or <z,y> / (|y|^2 + eps).
enum class Gain { one, optimal };

// What is one vector: each row, or all rows together.
enum class Vectors { rows, all };

// Of each vector: z the estimate, y the target (rows, ...). Shapes {rows}, or {1} of all rows together.
struct Projection {
  Var correlation;  // <z,y>
  Var residual;     // |z - a y|^2, summed over the differences themselves: exact for near perfect estimates too
  Tensor energy;    // |y|^2
};
Projection project(const Estimate& estimate, const Tensor& target, Gain gain, Vectors vectors);

// Per row the mean of -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid; targets in [0, 1] as the logits. {rows}
Var binary_cross_entropy(const Var& logits, const Tensor& targets);
// Mean over positions of log(sum_k exp x_k) - x_label; logits (classes, ...), labels (...) the class numbers. Shape {}
Var cross_entropy(const Var& logits, const Tensor& labels);

// Of magnitudes a = max(|S|, floor) and b = max(target, floor), per source; spectrum (frames, sources, ..., 2), target
// (frames, sources, ...). Shapes {sources}.
struct SpectralDistances {
  Var squared;      // sum (b - a)^2
  Var logarithmic;  // mean |ln a - ln b|
  Tensor energy;    // sum b^2
};
SpectralDistances spectral_distances(const Var& spectrum, const Tensor& target, float floor);

// x x^T - y y^T of each of a batch, x the estimate, y the target: (b, m, n) -> (b, m, m).
Var gram_difference(const Var& estimate, const Tensor& target);

}  // namespace unmix
