#pragma once

#include "losses/registry.h"
#include "models/vggish.h"

namespace unmix {

struct DeepFeatureWeights {
  double feature = 1.0 / 2.0, style = 10.0 / 3.0;
};

// feature L_feat + style L_style of patches (sources * patches of each, 1, 96, 64), a source's patches together.
Var deep_feature_distance(const Vggish& network, const Var& estimates, const Tensor& targets, int64_t sources,
                          const DeepFeatureWeights& weights = {});

// The network's input from waveforms (sources, batch, channels, samples).
Var deep_feature_patches(const Var& waveforms, int sample_rate);
// The same from their magnitudes (sources, frames, batch, channels, bins).
Var deep_feature_patches_of_magnitudes(const Var& magnitudes, int sample_rate);

}  // namespace unmix
