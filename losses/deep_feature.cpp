// DeepFeature: distances between what a frozen VGGish sees of estimates and of targets (Sahai, Weber, McWilliams,
// "Spectrogram Feature Losses for Music Source Separation", EUSIPCO 2019; Guso et al., 2022).
//   L2freq + 1/2 L_feat + 10/3 L_style, L_feat and L_style means over j = conv1, conv2, conv3_2, conv4_2
//   L_feat^j  = 1/(C H W K) sum |phi_j(e) - phi_j(y)|^2
//   L_style^j = sum |G_j(e) - G_j(y)|^2,  G_j = psi psi^T / (C H W), psi = phi_j as a matrix (C, H W)
// The sums run over a patch and over the K sources; of the patches (batch and time alike) the mean is taken.
// A patch's input: channels averaged, resampled to 16 kHz, VGGish's own log-mel; or magnitudes summed to the mel bands.
//
// Feature maps are large (4.2 MB a patch), but the loss is a sum over patches: a few patches at a time go forward and
// straight back to their input, whose gradient alone is kept.
#include "losses/deep_feature.h"

#include <array>

#include "base/error.h"
#include "losses/terms.h"
#include "models/vggish_input.h"

namespace unmix {
namespace {

constexpr int64_t kPatchesAtOnce = 16;

// Features (patches, C, H, W) as matrices (patches, C, H W).
Var as_matrices(const Var& features) { return reshape(features, {features.dim(0), features.dim(1), -1}); }

// Means over all values, shape {}.
Var feature_term(const Var& estimate, const Tensor& target) {
  return sum(distance({reshape(estimate, {1, -1})}, target.reshape({1, -1}), Distance::squared));
}
Var style_term(const Var& estimate, const Tensor& target) { return mean(square(gram_difference(estimate, target))); }

// Of the given patches, with the weights of means over them; shape {}.
Var weighted_sum(const Vggish& network, const Var& estimates, const Tensor& targets,
                 const DeepFeatureWeights& weights) {
  std::vector<Var> of_targets;
  {
    const NoGrad no_grad;
    of_targets = network.features(Var(targets));
  }
  const std::vector<Var> of_estimates = network.features(estimates);
  const auto layers = static_cast<double>(of_estimates.size());
  Var total;
  const auto add_weighted = [&](const Var& term, double weight) {
    add_term(total, scale(term, static_cast<float>(weight / layers)));
  };
  for (size_t j = 0; j < of_estimates.size(); ++j) {
    const Var estimate = as_matrices(of_estimates[j]);
    const Tensor target = as_matrices(of_targets[j]).value();
    const auto places = static_cast<double>(estimate.dim(2));
    if (weights.feature != 0.0) add_weighted(feature_term(estimate, target), weights.feature);
    // sum over C^2 values / (C H W)^2 = mean / (H W)^2
    if (weights.style != 0.0) add_weighted(style_term(estimate, target), weights.style / (places * places));
  }
  return total;
}

}  // namespace

Var deep_feature_distance(const Vggish& network, const Var& estimates, const Tensor& targets, int64_t sources,
                          const DeepFeatureWeights& weights) {
  check(
      estimates.shape() == targets.shape() && !targets.shape().empty() && sources > 0 && targets.dim(0) % sources == 0,
      "deep_feature", "estimates {} and targets {} are not the same patches of {} sources",
      to_string(estimates.shape()), to_string(targets.shape()), sources);
  check(weights.feature != 0.0 || weights.style != 0.0, "deep_feature", "both weights are 0");
  const bool keep = builds_graph(std::array{estimates});
  const int64_t patches = targets.dim(0);
  Tensor gradient = keep ? Tensor::empty(targets.shape(), targets.device()) : Tensor();
  Var total(Tensor::zeros({}, targets.device()));
  for (int64_t begin = 0; begin < patches; begin += kPatchesAtOnce) {
    const int64_t end = std::min(patches, begin + kPatchesAtOnce);
    const Var some(estimates.value().rows(begin, end), keep);
    const double share = static_cast<double>(end - begin) / static_cast<double>(patches);
    Var part = weighted_sum(network, some, targets.rows(begin, end),
                            {weights.feature * share, weights.style * share * static_cast<double>(sources)});
    total = add(total, part.detach());
    if (!keep) continue;
    part.backward();
    gradient.rows(begin, end).copy_from(some.grad());
  }
  return with_gradient(total.value(), estimates, gradient);
}

Var deep_feature_patches(const Var& waveforms, int sample_rate) {
  check(waveforms.value().rank() == 4, "deep_feature", "shape {} is not (sources, batch, channels, samples)",
        to_string(waveforms.shape()));
  const Var mono = scale(sum_axis(waveforms, 2), 1.0f / static_cast<float>(waveforms.dim(2)));
  return vggish_patches(resample(reshape(mono, {-1, waveforms.dim(3)}), sample_rate, kVggishRate));
}

Var deep_feature_patches_of_magnitudes(const Var& magnitudes, int sample_rate) {
  check(magnitudes.value().rank() == 5, "deep_feature", "shape {} is not (sources, frames, batch, channels, bins)",
        to_string(magnitudes.shape()));
  const Var mono = permute(scale(sum_axis(magnitudes, 3), 1.0f / static_cast<float>(magnitudes.dim(3))), {1, 0, 2, 3});
  return vggish_patches_of_magnitudes(reshape(mono, {mono.dim(0), -1, mono.dim(3)}), sample_rate);
}

const LossEntry deep_feature = {
    .name = "DeepFeature",
    .domain = "VGGish",
    .paper = "L2freq + 1/2 L_feat + 10/3 L_style of VGGish's features",
    .source = "losses/deep_feature.cpp",
    .needs = {.waveforms = true},
    .networks = LossNetworks::features,
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      check(context.features != nullptr, "DeepFeature", "there is no VGGish to compute features with");
      const Vggish& network = *context.features;
      const bool waveforms = network.config().frontend == VggishFrontend::waveform;
      const auto to_patches = waveforms ? &deep_feature_patches : &deep_feature_patches_of_magnitudes;
      const Var estimates =
          to_patches(waveforms ? signals.estimates() : signals.estimate_magnitudes(), signals.sample_rate());
      const Var targets =
          to_patches(Var(waveforms ? signals.targets() : signals.target_magnitudes()), signals.sample_rate());
      const Var features = deep_feature_distance(network, estimates, targets.value(), signals.sources());
      return l2freq(signals, {Variant::paper}) + features;
    },
};

}  // namespace unmix
