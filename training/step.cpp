#include "training/step.h"

#include "optim/clip.h"

namespace unmix {
namespace {

Signals make_signals(const Learner& learner, Tensor mixture, Tensor targets) {
  Signals signals(learner.stft, std::move(mixture), std::move(targets), learner.sample_rate, learner.objective.needs());
  signals.set_masks(learner.network(Var(signals.mixture_magnitude())));
  return signals;
}

// M'_k|X'| of a mixture without stems.
Var unpaired_estimates(const Learner& learner, const Tensor& mixture) {
  const Tensor magnitude = learner.stft.magnitude(mixture);
  return learner.network(Var(magnitude)) * Var(magnitude);
}

// |Y'_k|, (sources, frames, batch, channels, bins)
Tensor stem_magnitudes(const Learner& learner, const Tensor& stems) {
  if (!stems.defined()) return {};
  const Stft& stft = learner.stft;
  Tensor magnitudes =
      Tensor::empty({stems.dim(0), stft.frames(stems.dim(3)), stems.dim(1), stems.dim(2), stft.bins()}, stems.device());
  for (int64_t k = 0; k < stems.dim(0); ++k) stft.parts(stems[k], {}, magnitudes[k]);
  return magnitudes;
}

struct Losses {
  Var separator;
  Tensor values;  // that one, and after it the discriminators' where there are any
};

Var objective_of(const Learner& learner, Signals& signals) {
  return learner.balancer != nullptr ? (*learner.balancer)(learner.objective, signals) : learner.objective(signals);
}

// The signals are gone when it returns, so that the backward pass has their memory.
Losses forward(const Learner& learner, Tensor mixture, Tensor targets, UnpairedSignals unpaired, uint64_t seed,
               uint64_t step) {
  Signals signals = make_signals(learner, std::move(mixture), std::move(targets));
  if (learner.adversary == nullptr) {
    const Var loss = objective_of(learner, signals);
    return {loss, loss.value().reshape({1})};
  }
  if (unpaired.mixture.defined()) signals.set_unpaired_estimates(unpaired_estimates(learner, unpaired.mixture));
  const Tensor opponents = learner.adversary->update(signals, stem_magnitudes(learner, unpaired.stems), seed, step);
  const Var loss = objective_of(learner, signals);
  return {loss, stack({loss.detach(), Var(opponents)}).value()};
}

}  // namespace

Tensor evaluate_loss(const Learner& learner, const Tensor& mixture, const Tensor& targets) {
  const NoGrad no_grad;
  Signals signals = make_signals(learner, mixture, targets);
  LossContext context = learner.objective.context();
  context.validation = true;
  return learner.objective.with(context)(signals).value();
}

Readback training_step(const Learner& learner, Tensor mixture, Tensor targets, uint64_t seed, uint64_t step,
                       UnpairedSignals unpaired) {
  learner.network.begin_step(seed, step);
  Losses losses = forward(learner, std::move(mixture), std::move(targets), std::move(unpaired), seed, step);
  Readback values(losses.values);
  losses.separator.backward();
  if (learner.clip_gradient_norm > 0.0)
    clip_gradient_norm(learner.network.parameters(), static_cast<float>(learner.clip_gradient_norm));
  learner.optimizer.step();
  learner.optimizer.clear_gradients();
  return values;
}

}  // namespace unmix
