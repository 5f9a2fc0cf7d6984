// Separates audio with the masks of a model set: per target j the estimate is mask_j X with the mixture's phase, or the
// soft mask v_j / (eps + sum_i v_i) X with v_j = mask_j |X| (Liutkus & Badeau, "Generalized Wiener filtering with
// fractional power spectrograms", ICASSP 2015).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audio/audio.h"
#include "layers/stft.h"
#include "models/model_files.h"

namespace unmix {

struct SeparatorOptions {
  bool softmask = false;
  std::string residual;  // name of one more estimate, the mixture minus the others; empty: none
};

struct Separation {
  std::vector<std::pair<std::string, Audio>> estimates;  // of the mixture's rate, channels and length
  std::vector<std::string> warnings;
};

class Separator {
 public:
  // The models' networks must be on the device. Throws UsageError where the options do not fit the models.
  Separator(ModelSet models, Device device, SeparatorOptions options = {});

  const ModelSet& models() const { return models_; }
  std::vector<std::string> sources() const;  // of the estimates, the residual last

  // Any rate (resampled to the model's and back), any length. A mono signal is given to all channels of the model and
  // their mean is returned; a mono model separates each channel by itself; of more channels than the model's and than
  // two the first are taken, with a warning.
  Separation operator()(const Audio& mixture) const;

 private:
  struct Estimate {
    std::string source;
    Tensor signal;  // (batch, channels, samples) at the model's rate, on the CPU
  };
  Tensor signal_of(const Audio& mixture, int channels) const;
  std::vector<Estimate> estimate(const Tensor& signal) const;

  ModelSet models_;
  Device device_;
  SeparatorOptions options_;
  Stft stft_;
};

// mask |X| / (eps + total |X|), all of one shape; `total` is the sum of the masks of all sources. eps = 2^-23.
Tensor soft_mask(const Tensor& mask, const Tensor& total, const Tensor& magnitude);

}  // namespace unmix
