// Discriminators of spectrograms for adversarial losses. x (batch, channels, frames, bins): the rows of a spectrum stay
// together in memory. All convolutions are 4x4; LeakyReLU 0.2 follows every layer but the last.
//
//   patch  70x70 PatchGAN (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR
//          2017): 64, 128, 256 with stride 2, 512, 1 with stride 1, padding 1; batch norm on all but the first and
//          last, which alone have a bias. Scores (batch, 1, h, w), one per patch.
//   dcgan  Guso et al. (ICASSP 2022): 16, 32, 64, 128, 256 and four times 512 with stride 2, sizes halved and rounded
//          up ("SAME": one row of zeros before, one or two after); then linear layers to 1024, 32, 1. Scores
//          (batch, 1).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "layers/module.h"

namespace unmix {

struct DiscriminatorConfig {
  int64_t channels = 2;          // of the audio
  int64_t frames = 0, bins = 0;  // of the spectrograms
  double width = 1.0;            // times the features of every hidden layer, which keeps two or more
  bool spectral_norm = false;
};

struct Judgement {
  Var scores;                 // large: real
  std::vector<Var> features;  // after each LeakyReLU
};

class Discriminator : public Module {
 public:
  // Throws where the spectrograms are not of the size that it was made for.
  virtual Judgement operator()(const Var& x) = 0;
};

struct DiscriminatorEntry {
  std::string_view name;  // as --discriminator takes it
  std::string_view description;
  std::unique_ptr<Discriminator> (*make)(const DiscriminatorConfig& config, uint64_t seed);
};

const std::vector<DiscriminatorEntry>& discriminator_registry();

// Throws UsageError, naming all, where there is no such discriminator.
const DiscriminatorEntry& find_discriminator(std::string_view name);

// One discriminator per source; names "<source>.model.0.weight". The parameters require gradients only while they are
// being trained, so that a loss through them moves the estimates alone.
class Discriminators : public Module {
 public:
  Discriminators(const DiscriminatorEntry& kind, const DiscriminatorConfig& config,
                 const std::vector<std::string>& sources, uint64_t seed);

  int64_t sources() const { return static_cast<int64_t>(networks_.size()); }
  // Of magnitudes (frames, batch, channels, bins) of source k; moves running statistics where they are in training.
  Judgement operator()(int64_t k, const Var& magnitudes) const;
  void require_gradients(bool required) const;

 private:
  std::vector<std::unique_ptr<Discriminator>> networks_;
};

}  // namespace unmix
