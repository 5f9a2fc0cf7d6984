#include "training/step.h"

#include "optim/clip.h"

namespace unmix {
namespace {

Var compute_loss(const Learner& learner, Tensor mixture, Tensor targets) {
  Signals signals(learner.stft, std::move(mixture), std::move(targets));
  if (!learner.loss.needs_waveforms) signals.keep_magnitudes_only();
  signals.set_masks(learner.network(Var(signals.mixture_magnitude())));
  return learner.loss.compute(signals, learner.variant);
}

}  // namespace

Tensor evaluate_loss(const Learner& learner, const Tensor& mixture, const Tensor& targets) {
  const NoGrad no_grad;
  return compute_loss(learner, mixture, targets).value();
}

Readback training_step(const Learner& learner, Tensor mixture, Tensor targets, uint64_t seed, uint64_t step) {
  learner.network.begin_step(seed, step);
  Var loss = compute_loss(learner, std::move(mixture), std::move(targets));
  Readback value(loss.value());
  loss.backward();
  if (learner.clip_gradient_norm > 0.0)
    clip_gradient_norm(learner.network.parameters(), static_cast<float>(learner.clip_gradient_norm));
  learner.optimizer.step();
  learner.optimizer.clear_gradients();
  return value;
}

}  // namespace unmix
