#include "separation/estimate_signal.h"

#include "base/error.h"

namespace unmix {
namespace {

// Channel after channel of all lanes -> `channels` channels: these, or their mean.
Audio to_audio(const std::vector<Tensor>& lanes, int sample_rate, int channels) {
  Audio audio{sample_rate, channels, {}};
  for (const Tensor& lane : lanes) audio.samples.insert(audio.samples.end(), lane.data(), lane.data() + lane.size());
  const int64_t given = static_cast<int64_t>(lanes.size()) * lanes[0].dim(0), frames = lanes[0].dim(1);
  if (given == channels) return audio;
  for (int64_t t = 0; t < frames; ++t) {
    double sum = 0.0;
    for (int64_t c = 0; c < given; ++c) sum += audio.samples[static_cast<size_t>(c * frames + t)];
    audio.samples[static_cast<size_t>(t)] = static_cast<float>(sum / static_cast<double>(given));
  }
  audio.samples.resize(static_cast<size_t>(frames));
  return audio;
}

}  // namespace

EstimateSignal::EstimateSignal(const SeparatorConfig& config, int sample_rate, int channels, int lanes, Device device)
    : model_rate_(config.sample_rate), channels_(channels), resampler_(config.sample_rate, sample_rate, channels) {
  for (int lane = 0; lane < lanes; ++lane) lanes_.emplace_back(config.n_fft, config.hop, device);
}

Audio EstimateSignal::push(const std::vector<Tensor>& spectra, int64_t samples) {
  std::vector<Tensor> signals;
  for (size_t lane = 0; lane < lanes_.size(); ++lane) signals.push_back(lanes_[lane].push(spectra[lane], samples));
  Audio audio = resampler_.process(to_audio(signals, model_rate_, channels_));
  if (samples >= 0) append(audio, resampler_.finish());
  return audio;
}

}  // namespace unmix
