#include "training/step.h"

#include "optim/clip.h"

namespace unmix {
namespace {

Signals make_signals(const StepContext& context, Tensor mixture, Tensor targets) {
  Signals signals(context.stft, std::move(mixture), std::move(targets), context.sample_rate, context.objective.needs());
  signals.set_masks(context.network(Var(signals.mixture_magnitude())));
  return signals;
}

// M'_k|X'| of a mixture without stems.
Var unpaired_estimates(const StepContext& context, const Tensor& mixture) {
  const Tensor magnitude = context.stft.magnitude(mixture);
  return context.network(Var(magnitude)) * Var(magnitude);
}

// |Y'_k|, (sources, frames, batch, channels, bins)
Tensor stem_magnitudes(const StepContext& context, const Tensor& stems) {
  if (!stems.defined()) return {};
  const Stft& stft = context.stft;
  Tensor magnitudes =
      Tensor::empty({stems.dim(0), stft.frames(stems.dim(3)), stems.dim(1), stems.dim(2), stft.bins()}, stems.device());
  for (int64_t k = 0; k < stems.dim(0); ++k) stft.parts(stems[k], {}, magnitudes[k]);
  return magnitudes;
}

struct Losses {
  Var separator;
  Tensor values;  // that one, and after it the discriminators' where there are any
};

Var objective_of(const StepContext& context, Signals& signals) {
  return context.balancer != nullptr ? (*context.balancer)(context.objective, signals) : context.objective(signals);
}

// The signals are gone when it returns, so that the backward pass has their memory; so all are taken by value.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
Losses forward(const StepContext& context, Tensor mixture, Tensor targets, UnpairedSignals unpaired, uint64_t seed,
               uint64_t step) {
  Signals signals = make_signals(context, std::move(mixture), std::move(targets));
  if (context.adversary == nullptr) {
    const Var loss = objective_of(context, signals);
    return {loss, loss.value().reshape({1})};
  }
  if (unpaired.mixture.defined()) signals.set_unpaired_estimates(unpaired_estimates(context, unpaired.mixture));
  const Tensor discriminator_loss =
      context.adversary->update(signals, stem_magnitudes(context, unpaired.stems), seed, step);
  const Var loss = objective_of(context, signals);
  return {loss, stack({loss.detach(), Var(discriminator_loss)}).value()};
}

}  // namespace

Tensor evaluate_loss(const StepContext& context, const Tensor& mixture, const Tensor& targets) {
  const NoGrad no_grad;
  Signals signals = make_signals(context, mixture, targets);
  LossContext validation = context.objective.context();
  validation.validation = true;
  return context.objective.with(validation)(signals).value();
}

Readback training_step(const StepContext& context, Tensor mixture, Tensor targets, uint64_t seed, uint64_t step,
                       UnpairedSignals unpaired) {
  context.network.begin_step(seed, step);
  Losses losses = forward(context, std::move(mixture), std::move(targets), std::move(unpaired), seed, step);
  Readback values(losses.values);
  losses.separator.backward();
  if (context.clip_gradient_norm > 0.0)
    clip_gradient_norm(context.network.parameters(), static_cast<float>(context.clip_gradient_norm));
  context.optimizer.step();
  context.optimizer.clear_gradients();
  return values;
}

}  // namespace unmix
