#include "training/loss_networks.h"

#include <fmt/core.h>

namespace unmix {

std::unique_ptr<Vggish> make_features(const TrainOptions& options) {
  if (!options.loss.uses(LossNetworks::features)) return nullptr;
  const VggishConfig config{.frontend = options.vggish_frontend.value_or(VggishFrontend::waveform)};
  auto features = make_vggish(config, options.vggish, options.device);
  if (!options.quiet) fmt::print(stderr, "{}loss with {}\n", options.label, features->description());
  return features;
}

std::unique_ptr<Adversary> make_adversary(const TrainOptions& options, const Stft& stft, int64_t samples) {
  if (!options.loss.uses(LossNetworks::discriminators)) return nullptr;
  DiscriminatorConfig config;
  config.channels = options.nb_channels;
  config.frames = stft.frames(samples);
  config.bins = stft.bins();
  config.spectral_norm = options.spectral_norm;
  return std::make_unique<Adversary>(options.discriminator_entry(), config, options.gan.value_or(Gan::lsgan),
                                     options.targets(), options.seed, options.device);
}

LossContext make_context(const TrainOptions& options, const Adversary* adversary, const Vggish* features) {
  LossContext context;
  context.variant = options.variant;
  context.features = features;
  if (adversary == nullptr) return context;
  context.discriminators = &adversary->discriminators();
  context.gan = options.gan.value_or(Gan::lsgan);
  context.feature_matching = static_cast<float>(options.feature_matching);
  return context;
}

}  // namespace unmix
