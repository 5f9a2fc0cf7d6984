// Mean and standard deviation of each frequency bin over the training set, for the network's input scaling, as
// Open-Unmix's get_statistics (a StandardScaler over the frames of the mixtures' magnitudes, averaged over channels).
#pragma once

#include <cstdint>
#include <vector>

#include "layers/stft.h"

namespace unmix {

struct InputStatistics {
  std::vector<float> mean, deviation;  // per bin
};

class SpectrumStatistics {
 public:
  // Adds all frames of a signal (channels, samples), on the transform's device.
  void add(const Tensor& signal, const Stft& stft);

  std::vector<float> mean() const;
  // Not below 1e-4 of the largest bin's; 1 where every frame is the same.
  std::vector<float> deviation() const;

 private:
  int64_t frames_ = 0;
  std::vector<double> mean_, squares_;  // per bin: mean, sum of squared deviations from it
};

}  // namespace unmix
