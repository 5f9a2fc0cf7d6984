#include "training/loss_networks.h"

#include <fmt/core.h>

namespace unmix {

std::unique_ptr<Vggish> make_features(const TrainOptions& options) {
  if (!options.deep_features()) return nullptr;
  auto features = make_vggish({parse_vggish_frontend(options.vggish_frontend_name())}, options.vggish, options.device);
  if (!options.quiet) fmt::print(stderr, "{}loss with {}\n", options.label, features->description());
  return features;
}

std::unique_ptr<Adversary> make_adversary(const TrainOptions& options, const Stft& stft, int64_t samples) {
  if (!options.adversarial()) return nullptr;
  DiscriminatorConfig config;
  config.channels = options.nb_channels;
  config.frames = stft.frames(samples);
  config.bins = stft.bins();
  config.spectral_norm = options.spectral_norm;
  return std::make_unique<Adversary>(find_discriminator(options.discriminator_name()), config, options.gan_kind(),
                                     options.targets(), options.seed, options.device);
}

LossContext make_context(const TrainOptions& options, const Adversary* adversary, const Vggish* features) {
  LossContext context;
  context.variant = options.loss_variant();
  context.features = features;
  if (adversary == nullptr) return context;
  context.discriminators = &adversary->discriminators();
  context.gan = options.gan_kind();
  context.feature_matching = static_cast<float>(options.feature_matching);
  return context;
}

}  // namespace unmix
