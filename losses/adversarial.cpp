// Adversarial: the separator against a discriminator D_k per source (Guso et al., ICASSP 2022), gamma = 0.5.
//   L     = L2freq (paper) + gamma L_sep [+ W L_features]
//   L_sep = 1/K sum_k [(D_k(f(x)_k) - 0.9)^2 + (D_k(f(x')_k) - 0.9)^2]
//   L_Dk  = 1/4 [(D_k(y_k) - 0.9)^2 + (D_k(y'_k) - 0.9)^2 + (D_k(f(x)_k) - 0.1)^2 + (D_k(f(x')_k) - 0.1)^2]
// x with stems y: the batch; x' mixtures without stems, y' stems without mixtures: where they are missing their terms
// drop out and the ones beside them double. f(x)_k = M_k|X|, (frames, batch, channels, bins). With hinge the squares
// are those of losses/gan.h. L_features is the mean over k of the distance of D_k's features of f(x)_k and y_k.
#include "losses/adversarial.h"

#include "base/error.h"
#include "losses/losses.h"

namespace unmix {
namespace {

constexpr float kGamma = 0.5f;

// mean_k f(k, x_k), x (K, ...). Each source's graph is used and freed before the next one's is built, so that there are
// the activations of one discriminator at a time; only the gradient by x is kept.
template <class F>
Var mean_over_sources(const Var& x, const F& f) {
  const bool keep = builds_graph({&x, 1});
  Tensor gradient = keep ? Tensor::empty(x.shape(), x.device()) : Tensor();
  std::vector<Var> terms;
  for (int64_t k = 0; k < x.dim(0); ++k) {
    const Var part(x.value()[k], keep);
    Var term = scale(f(k, part), 1.0f / static_cast<float>(x.dim(0)));
    terms.push_back(term.detach());
    if (!keep) continue;
    term.backward();
    gradient[k].copy_from(part.grad());
  }
  return with_gradient(sum(stack(terms)).value(), x, gradient);
}

Judgement scores_without_graph(const Discriminators& discriminators, int64_t k, const Tensor& magnitudes) {
  const NoGrad no_grad;
  return discriminators(k, Var(magnitudes));
}

}  // namespace

Var discriminator_loss(const Discriminators& discriminators, Gan gan, int64_t k, const Tensor& real, const Tensor& fake,
                       const Tensor& unpaired_real, const Tensor& unpaired_fake) {
  const auto of_real = [&](const Tensor& y) { return real_loss(gan, discriminators(k, Var(y)).scores); };
  const auto of_fake = [&](const Tensor& y) { return fake_loss(gan, discriminators(k, Var(y)).scores); };
  Var real_side = of_real(real), fake_side = of_fake(fake);
  if (unpaired_real.defined()) real_side = 0.5f * (real_side + of_real(unpaired_real));
  if (unpaired_fake.defined()) fake_side = 0.5f * (fake_side + of_fake(unpaired_fake));
  return 0.5f * (real_side + fake_side);
}

const LossEntry adversarial = {
    .name = "Adversarial",
    .domain = "magnitude",
    .paper = "L2freq + 0.5 L_sep, L_sep = 1/K sum_k [(D_k(M_k|X|) - 0.9)^2 + (D_k(M'_k|X'|) - 0.9)^2]",
    .source = "losses/adversarial.cpp",
    .networks = LossNetworks::discriminators,
    .compute = [](Signals& signals, const LossContext& context) -> Var {
      LossContext paper = context;
      paper.variant = Variant::paper;
      Var distance = l2freq(signals, paper);
      if (context.validation) return distance;
      check(context.discriminators != nullptr, "Adversarial", "the loss needs discriminators");
      const Discriminators& discriminators = *context.discriminators;
      check(discriminators.sources() == signals.sources(), "Adversarial", "there are {} discriminators for {} sources",
            discriminators.sources(), signals.sources());

      const Var& unpaired = signals.unpaired_estimates();
      const float paired_weight = unpaired.defined() ? kGamma : 2.0f * kGamma;
      const auto against = [&](int64_t k, const Var& estimate) {
        const Judgement judgement = discriminators(k, estimate);
        Var loss = paired_weight * fooling_loss(context.gan, judgement.scores);
        if (context.feature_matching == 0.0f) return loss;
        const auto real = scores_without_graph(discriminators, k, signals.target_magnitudes()[k]).features;
        return loss + context.feature_matching * feature_distance(judgement.features, real);
      };
      Var loss = distance + mean_over_sources(signals.estimate_magnitudes(), against);
      if (!unpaired.defined()) return loss;
      return loss + mean_over_sources(unpaired, [&](int64_t k, const Var& estimate) {
               return kGamma * fooling_loss(context.gan, discriminators(k, estimate).scores);
             });
    },
};

}  // namespace unmix
