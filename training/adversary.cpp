#include "training/adversary.h"

#include "base/error.h"
#include "base/folder.h"
#include "formats/safetensors.h"
#include "losses/adversarial.h"

namespace unmix {
namespace {

constexpr AdamOptions kAdam{.learning_rate = 2e-4, .beta1 = 0.5};

Tensor part(const Tensor& sources, int64_t k) { return sources.defined() ? sources[k] : Tensor(); }

NamedVars parameters_on(Discriminators& discriminators, Device device) {
  discriminators.to(device);
  return discriminators.parameters();
}

}  // namespace

Adversary::Adversary(const DiscriminatorEntry& kind, const DiscriminatorConfig& config, Gan gan,
                     const std::vector<std::string>& sources, uint64_t seed, Device device)
    : discriminators_(kind, config, sources, seed),
      gan_(gan),
      optimizer_(parameters_on(discriminators_, device), kAdam) {}

Tensor Adversary::update(Signals& signals, const Tensor& unpaired_stems, uint64_t seed, uint64_t step) {
  discriminators_.begin_step(seed, step);
  discriminators_.require_gradients(true);
  const Tensor fakes = signals.estimate_magnitudes().value();
  const Var& unpaired = signals.unpaired_estimates();
  const Tensor unpaired_fakes = unpaired.defined() ? unpaired.value() : Tensor();
  std::vector<Var> losses;
  for (int64_t k = 0; k < signals.sources(); ++k) {  // one graph at a time
    Var loss = discriminator_loss(discriminators_, gan_, k, signals.target_magnitudes()[k], fakes[k],
                                  part(unpaired_stems, k), part(unpaired_fakes, k));
    losses.push_back(loss.detach());
    loss.backward();
  }
  optimizer_.step();
  optimizer_.clear_gradients();
  discriminators_.require_gradients(false);
  return mean(stack(losses)).value();
}

void Adversary::load_state(const NamedTensors& state, const NamedTensors& optimizer, const std::string& source) {
  discriminators_.load_state(state, source);
  optimizer_.load_state(optimizer);
}

void Adversary::write(const std::filesystem::path& file) const {
  make_folder("train", file.parent_path());
  write_safetensors(file, {state(), {{"gan", gan_ == Gan::hinge ? "hinge" : "lsgan"}}});
}

}  // namespace unmix
