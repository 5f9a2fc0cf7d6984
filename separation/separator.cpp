#include "separation/separator.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/interrupt.h"

namespace unmix {
namespace {

constexpr const char* kOp = "separate";

// Channels first..first+count of the audio, continued with zeros where it is shorter than `frames`.
Audio first_channels(const Audio& audio, int count, int64_t frames) {
  Audio result{audio.sample_rate, count, std::vector<float>(static_cast<size_t>(count * frames), 0.0f)};
  for (int c = 0; c < count; ++c) {
    const auto from = audio.channel(c).first(static_cast<size_t>(std::min(frames, audio.frames())));
    std::copy(from.begin(), from.end(), result.channel(c).begin());
  }
  return result;
}

// Frames, at the audio's rate, that still reach over half a window after resampling, as reflecting the edges needs.
int64_t shortest(const Audio& audio, const SeparatorConfig& config) {
  const int64_t needed = (config.n_fft / 2 + 2) * audio.sample_rate;
  return needed / config.sample_rate + 2;
}

// Audio at the model's rate -> (batch, channels, samples) of a network with `channels`: one batch entry, or where the
// network is mono one for each channel.
Tensor network_input(const Audio& audio, int64_t channels) {
  const int64_t frames = audio.frames();
  if (channels == 1 || channels == audio.channels)
    return Tensor::from(audio.samples, {audio.channels / channels, channels, frames});
  Tensor repeated = Tensor::empty({1, channels, frames});
  for (int64_t c = 0; c < channels; ++c)
    std::copy(audio.samples.begin(), audio.samples.end(), repeated.data() + c * frames);
  return repeated;
}

// The inverse of network_input: `channels` channels, of a repeated signal the mean.
Audio network_output(const Tensor& signal, int sample_rate, int channels) {
  Audio audio{sample_rate, channels, signal.to_vector()};
  const int64_t given = signal.dim(0) * signal.dim(1), frames = signal.dim(2);
  if (given == channels) return audio;
  for (int64_t t = 0; t < frames; ++t) {
    double sum = 0.0;
    for (int64_t c = 0; c < given; ++c) sum += audio.samples[static_cast<size_t>(c * frames + t)];
    audio.samples[static_cast<size_t>(t)] = static_cast<float>(sum / static_cast<double>(given));
  }
  audio.samples.resize(static_cast<size_t>(frames));
  return audio;
}

Audio remainder_of(const Audio& mixture, const std::vector<std::pair<std::string, Audio>>& estimates) {
  Audio rest = mixture;
  for (const auto& [name, audio] : estimates)
    std::transform(rest.samples.begin(), rest.samples.end(), audio.samples.begin(), rest.samples.begin(),
                   [](float a, float b) { return a - b; });
  return rest;
}

void stop_if_interrupted() {
  if (interrupt_requested()) throw Interrupted("interrupted; nothing more is written");
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

Tensor soft_mask(const Tensor& mask, const Tensor& total, const Tensor& magnitude) {
  const NoGrad no_grad;
  const Var x(magnitude);
  return div(mul(Var(mask), x), add_scalar(mul(Var(total), x), std::numeric_limits<float>::epsilon())).value();
}

Separator::Separator(ModelSet models, Device device, SeparatorOptions options)
    : models_(std::move(models)),
      device_(device),
      options_(std::move(options)),
      stft_(models_.config.n_fft, models_.config.hop, device) {
  check(!models_.models.empty(), kOp, "no model was given");
  int64_t heads = 0;
  for (const LoadedModel& model : models_.models) {
    heads += model.network->heads();
    model.network->train(false);
  }
  if (options_.softmask && heads < 2)
    throw UsageError("--softmask shares the mixture among sources and needs the models of two or more");
  if (contains(models_.sources(), options_.residual))
    throw UsageError(fmt::format("--residual {}: a target has that name already", options_.residual));
}

std::vector<std::string> Separator::sources() const {
  std::vector<std::string> names = models_.sources();
  if (!options_.residual.empty()) names.push_back(options_.residual);
  return names;
}

std::vector<Separator::Estimate> Separator::estimate(const Tensor& signal) const {
  const NoGrad no_grad;
  const Tensor spectrum = stft_(Var(signal.to(device_))).value();
  const Var mixture = magnitude(Var(spectrum));
  const std::vector<std::string> wanted = models_.sources();
  std::vector<Estimate> estimates;
  const auto add_estimates = [&](const LoadedModel& model, const Tensor& masks, const Tensor& total) {
    for (int64_t k = 0; k < masks.dim(0); ++k) {
      const std::string& source = model.sources[static_cast<size_t>(k)];
      if (!contains(wanted, source)) continue;
      const Tensor mask = total.defined() ? soft_mask(masks[k], total, mixture.value()) : masks[k];
      const Var estimate = stft_.inverse(apply_mask(Var(mask), spectrum), signal.dim(-1));
      estimates.push_back({source, estimate.value().to(Device::cpu)});
    }
  };

  // Soft masks need all masks at once; otherwise one model's are dropped before the next one's are made.
  std::vector<Tensor> kept;
  Var total;
  for (const LoadedModel& model : models_.models) {
    stop_if_interrupted();
    const Var masks = (*model.network)(mixture);
    if (!options_.softmask) {
      add_estimates(model, masks.value(), {});
      continue;
    }
    kept.push_back(masks.value());
    const Var sum = sum_axis(masks, 0);
    total = total.defined() ? add(total, sum) : sum;
  }
  for (size_t m = 0; m < kept.size(); ++m) add_estimates(models_.models[m], kept[m], total.value());
  return estimates;
}

Tensor Separator::signal_of(const Audio& mixture, int channels) const {
  const SeparatorConfig& config = models_.config;
  const int64_t frames = std::max(mixture.frames(), shortest(mixture, config));
  return network_input(resample(first_channels(mixture, channels, frames), config.sample_rate), config.channels);
}

Separation Separator::operator()(const Audio& mixture) const {
  check(mixture.sample_rate > 0 && mixture.frames() > 0, kOp, "the mixture holds no samples");
  check_finite(mixture, "the mixture");
  const SeparatorConfig& config = models_.config;
  const int64_t most = std::max<int64_t>(2, config.channels);
  const int channels = static_cast<int>(std::min<int64_t>(mixture.channels, most));
  check(channels == config.channels || channels == 1 || config.channels == 1, kOp,
        "the mixture has {} channels, the model wants {} or one", channels, config.channels);

  Separation result;
  if (mixture.channels > channels)
    result.warnings.push_back(fmt::format("of {} channels the first {} are used", mixture.channels, channels));
  const int64_t frames = mixture.frames();
  std::vector<Estimate> estimates = estimate(signal_of(mixture, channels));
  for (const std::string& source : models_.sources()) {
    stop_if_interrupted();
    const auto found = std::find_if(estimates.begin(), estimates.end(),
                                    [&name = source](const Estimate& estimate) { return estimate.source == name; });
    const Audio separated = network_output(found->signal, config.sample_rate, channels);
    estimates.erase(found);
    Audio audio = first_channels(resample(separated, mixture.sample_rate), channels, frames);
    check_finite(audio, "the estimate of " + source);
    result.estimates.emplace_back(source, std::move(audio));
  }
  if (!options_.residual.empty())
    result.estimates.emplace_back(options_.residual,
                                  remainder_of(first_channels(mixture, channels, frames), result.estimates));
  return result;
}

}  // namespace unmix
