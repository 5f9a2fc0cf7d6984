#include "experiments/loss_metrics.h"

#include <algorithm>

#include "base/error.h"
#include "losses/ideal_masks.h"

namespace unmix {
namespace {

constexpr int64_t kFft = 4096, kHop = 1024;

// The sources' waveforms (sources, 1, channels, samples).
Tensor as_batch(const Audio& form, const std::vector<const Audio*>& sources) {
  std::vector<float> samples;
  for (const Audio* audio : sources) {
    check(audio->channels == form.channels && audio->samples.size() == form.samples.size() &&
              audio->sample_rate == form.sample_rate,
          "metrics", "a signal of {} channels and {} frames at {} Hz does not fit the mixture's {} and {} at {} Hz",
          audio->channels, audio->frames(), audio->sample_rate, form.channels, form.frames(), form.sample_rate);
    samples.insert(samples.end(), audio->samples.begin(), audio->samples.end());
  }
  return Tensor::from(samples, {static_cast<int64_t>(sources.size()), 1, form.channels, form.frames()});
}

// Times |X|, the estimates' magnitudes; zero where the mixture has nothing.
Tensor quotients(const Tensor& magnitudes, const Tensor& mixture) {
  Tensor masks = Tensor::empty(magnitudes.shape());
  const int64_t size = mixture.size();
  for (int64_t i = 0; i < magnitudes.size(); ++i) {
    const float x = mixture.data()[i % size];
    masks.data()[i] = x > 0 ? magnitudes.data()[i] / x : 0.0f;
  }
  return masks;
}

}  // namespace

std::vector<std::pair<std::string, double>> loss_metrics(const Audio& mixture, const NamedAudio& references,
                                                         const NamedAudio& estimates, Variant variant,
                                                         const Vggish* features) {
  std::vector<const Audio*> true_sources, given;
  for (const auto& [name, audio] : estimates) {
    const auto found = std::ranges::find(references, name, &std::pair<std::string, Audio>::first);
    if (found == references.end()) continue;
    true_sources.push_back(&found->second);
    given.push_back(&audio);
  }
  check(!given.empty(), "metrics", "no estimate has a reference");
  const NoGrad no_grad;
  const Stft stft(kFft, kHop, Device::cpu);
  const Tensor waveforms = as_batch(mixture, given);
  Signals signals(stft, as_batch(mixture, {&mixture})[0], as_batch(mixture, true_sources), mixture.sample_rate,
                  {true, true});
  Tensor magnitudes = Tensor::empty(signals.target_magnitudes().shape());
  for (int64_t k = 0; k < magnitudes.dim(0); ++k) stft.parts(waveforms[k], Tensor(), magnitudes[k]);
  const Var masks(ratio_masks(magnitudes)), exact(quotients(magnitudes, signals.mixture_magnitude()));
  std::vector<std::pair<std::string, double>> values;
  for (const LossEntry& loss : loss_registry()) {
    if (loss.networks == LossNetworks::discriminators) continue;
    if (loss.networks == LossNetworks::features && features == nullptr) continue;
    if (std::ssize(given) < loss.least_sources) continue;
    signals.set_masks(loss.domain == "mask" ? masks : exact);
    signals.set_estimates(waveforms);
    values.emplace_back(loss.name, loss.compute(signals, {.variant = variant, .features = features}).value().item());
  }
  return values;
}

}  // namespace unmix
