// The losses as measures of finished estimates.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "evaluation/track_evaluation.h"
#include "losses/registry.h"
#include "models/vggish.h"

namespace unmix {

// Every loss of the registry on the sources that both have, in the order of the estimates: STFT with 4096 samples, hop
// 1024. Losses of masks see |E_k| / (sum_j |E_j| + 1e-18), all others the estimates themselves. DeepFeature comes with
// `features` alone, CombinedMDL with two sources or more, Adversarial never: what it measures changes with its
// opponents. All signals have the mixture's form; longer signals take some 1 GB a minute of four stereo sources.
std::vector<std::pair<std::string, double>> loss_metrics(const Audio& mixture, const NamedAudio& references,
                                                         const NamedAudio& estimates, Variant variant,
                                                         const Vggish* features = nullptr);

}  // namespace unmix
