// The separator's adversary: a discriminator per source with Adam's state, updated once a step, before the separator
// (Guso et al., ICASSP 2022). Their learning rate, 2e-4, and beta1, 0.5, are those of DCGAN and PatchGAN.
#pragma once

#include <filesystem>

#include "losses/gan.h"
#include "losses/signals.h"
#include "models/discriminator.h"
#include "optim/adam.h"

namespace unmix {

class Adversary {
 public:
  // sources: of the separator's masks, in their order.
  Adversary(const DiscriminatorEntry& kind, const DiscriminatorConfig& config, Gan gan,
            const std::vector<std::string>& sources, uint64_t seed, Device device);

  const Discriminators& discriminators() const { return discriminators_; }

  // One step of all discriminators on the masks of `signals`, which get no gradient of it, and on unpaired estimates
  // and stems' magnitudes (sources, frames, batch, channels, bins) where they are defined. Returns the mean over the
  // sources of their losses before it, shape {}.
  Tensor update(Signals& signals, const Tensor& unpaired_stems, uint64_t seed, uint64_t step);

  NamedTensors state() const { return discriminators_.state(); }
  NamedTensors optimizer_state() const { return optimizer_.state(); }
  void load_state(const NamedTensors& state, const NamedTensors& optimizer, const std::string& source);

  // The discriminators' weights, for `unmix loss --weights`; makes the file's folder.
  void write(const std::filesystem::path& file) const;

 private:
  Discriminators discriminators_;
  Gan gan_;
  Adam optimizer_;
};

}  // namespace unmix
