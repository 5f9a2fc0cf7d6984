#include "losses/gan.h"

#include "base/error.h"

namespace unmix {
namespace {

constexpr float kReal = 0.9f, kFake = 0.1f;  // smoothed labels

Var squared_distance(const Var& scores, float label) { return mean(square(scores + -label)); }

}  // namespace

Var real_loss(Gan gan, const Var& scores) {
  return gan == Gan::hinge ? mean(relu(-1.0f * scores + 1.0f)) : squared_distance(scores, kReal);
}

Var fake_loss(Gan gan, const Var& scores) {
  return gan == Gan::hinge ? mean(relu(scores + 1.0f)) : squared_distance(scores, kFake);
}

Var fooling_loss(Gan gan, const Var& scores) {
  return gan == Gan::hinge ? -1.0f * mean(scores) : squared_distance(scores, kReal);
}

Var feature_distance(const std::vector<Var>& estimate, const std::vector<Var>& real) {
  check(!estimate.empty() && estimate.size() == real.size(), "feature_distance", "{} and {} layers do not fit",
        estimate.size(), real.size());
  std::vector<Var> layers;
  for (size_t i = 0; i < real.size(); ++i) layers.push_back(mean(abs(estimate[i] - real[i].detach())));
  return mean(stack(layers));
}

}  // namespace unmix
