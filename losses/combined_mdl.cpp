// CombinedMDL: the multi-domain combination loss of X-UMX (Sawata, Uhlich, Takahashi, Mitsufuji, "All for One and One
// for All: Improving Music Separation by Bridging Networks", ICASSP 2021, eq. 2 to 7), a mean over all sums S of some
// but not all sources, z_S the sum of the waveform estimates and y_S of the targets:
//   mean (sum_{k in S} M_k|X| - |Y_k|)^2 + 10 (1 + wSDR(z_S, y_S)), wSDR a mean over batch and channels of
//   -a <y,z> / (|y||z|) - (1 - a) <x-y,x-z> / (|x-y||x-z|), a = |y|^2 / (|y|^2 + |x-y|^2)
#include "losses/terms.h"

namespace unmix {
namespace {

// Sum over the subsets S of mean (sum_{k in S} e_k)^2, e_k = M_k|X| - |Y_k|. A source lies in 2^(K-1) - 1 of them and
// a pair in 2^(K-2) - 1, so that it is 2^(K-2) sum_k mean e_k^2 + (2^(K-2) - 1) mean (sum_k e_k)^2.
Var squared_errors(Signals& signals) {
  const auto pairs = static_cast<float>(int64_t{1} << (signals.sources() - 2));
  Shape one = signals.masks().shape();
  one[0] = 1;
  const Var mask_sum = reshape(sum_axis(signals.masks(), 0), one);
  const Tensor target_sum = sum_axis(Var(signals.target_magnitudes()), 0).value();
  const Var each = distance(magnitude_estimate(signals), signals.target_magnitudes(), Distance::squared);
  const Var all = distance({mask_sum, signals.mixture_magnitude()}, target_sum, Distance::squared);
  return scale(sum(each), pairs) + scale(sum(all), pairs - 1.0f);
}

// (sources, batch, channels, samples) -> (batch channels, sources, samples)
Var by_signal(const Var& x) { return reshape(permute(x, {1, 2, 0, 3}), {x.dim(1) * x.dim(2), x.dim(0), x.dim(3)}); }

// Columns for every subset S that pick from an inner-product matrix (rows, columns), flattened: the sum over j, k in S,
// or over j in S of the column `only`.
Tensor picks(int64_t sources, int64_t columns, int64_t only, Device device) {
  const int64_t subsets = (int64_t{1} << sources) - 2;
  std::vector<float> values(static_cast<size_t>(sources * columns * subsets), 0.0f);
  for (int64_t s = 0; s < subsets; ++s)
    for (int64_t j = 0; j < sources; ++j)
      for (int64_t k = 0; k < columns; ++k) {
        const bool has_j = ((s + 1) >> j & 1) != 0,
                   has_k = only < 0 ? k < sources && ((s + 1) >> k & 1) != 0 : k == only;
        values[static_cast<size_t>((j * columns + k) * subsets + s)] = has_j && has_k ? 1.0f : 0.0f;
      }
  return Tensor::from(values, {sources * columns, subsets}, device);
}

// <a,b> / (|a||b|) from the product and the squared lengths, which rounding may leave below zero.
Var cosine(const Var& product, const Var& a, const Var& b) {
  return product / sqrt(add_scalar(clamp_min(a, 0.0f) * clamp_min(b, 0.0f), kEps));
}

// wSDR of every subset from inner products of estimates, targets and mixture; (batch channels, subsets).
Var weighted_sdr(Signals& signals) {
  const int64_t sources = signals.sources();
  const Device device = signals.targets().device();
  const Var estimates = by_signal(signals.estimates());
  const Var mixture = by_signal(Var(signals.mixture().reshape([&] {
    Shape shape = signals.mixture().shape();
    shape.insert(shape.begin(), 1);
    return shape;
  }())));
  const Var known = concat({by_signal(Var(signals.targets())), mixture}, 1);
  const int64_t rows = estimates.dim(0);
  const auto inner = [&](const Var& a, const Var& b) {
    return reshape(matmul(a, b, {.b = true}), {rows, a.dim(1) * b.dim(1)});
  };
  const Var pairs(picks(sources, sources, -1, device)), known_pairs(picks(sources, sources + 1, -1, device));
  const Var with_mixture(picks(sources, sources + 1, sources, device));
  const Var zy = inner(estimates, known), yy = inner(by_signal(Var(signals.targets())), known);
  const Var product = matmul(zy, known_pairs), zx = matmul(zy, with_mixture), yx = matmul(yy, with_mixture);
  const Var z2 = matmul(inner(estimates, estimates), pairs), y2 = matmul(yy, known_pairs);
  const Var ones(Tensor::full({1, y2.dim(1)}, 1.0f, device));
  const Var x2 = matmul(inner(mixture, mixture), ones);
  const Var rest = x2 - yx - zx + product, rest_z = x2 - scale(zx, 2.0f) + z2, rest_y = x2 - scale(yx, 2.0f) + y2;
  const Var share = y2 / add_scalar(y2 + clamp_min(rest_y, 0.0f), kEps);
  const Var noise = cosine(rest, rest_y, rest_z);
  return scale(share * (cosine(product, y2, z2) - noise) + noise, -1.0f);
}

}  // namespace

const LossEntry combined_mdl = {
    .name = "CombinedMDL",
    .domain = "mixed",
    .code = "mean over sums of sources of L2freq + 10 (1 + wSDR)",
    .source = "losses/combined_mdl.cpp",
    .needs = {.waveforms = true},
    .least_sources = 2,
    .compute = [](Signals& signals, const LossContext&) -> Var {
      const auto subsets = static_cast<float>((int64_t{1} << signals.sources()) - 2);
      return scale(squared_errors(signals), 1.0f / subsets) +
             scale(add_scalar(mean(weighted_sdr(signals)), 1.0f), 10.0f);
    },
};

}  // namespace unmix
