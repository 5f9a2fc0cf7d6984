// The way of one estimate from spectra back to audio, some frames at a time: inverse STFT of its lanes, their channels
// (or where a mono signal went through several the mean of these), the audio's rate.
#pragma once

#include <vector>

#include "audio/resampler.h"
#include "models/model_files.h"
#include "separation/overlap_add.h"

namespace unmix {

class EstimateSignal {
 public:
  // Of audio with this rate and so many channels, separated in `lanes` lanes.
  EstimateSignal(const SeparatorConfig& config, int sample_rate, int channels, int lanes, Device device);

  // One spectrum (frames, channels, bins, 2) per lane -> the samples complete by now. With the last frames `samples` is
  // the length at the model's rate, and all the rest comes.
  Audio push(const std::vector<Tensor>& spectra, int64_t samples = -1);

 private:
  int model_rate_, channels_;
  std::vector<OverlapAdd> lanes_;
  Resampler resampler_;
};

}  // namespace unmix
