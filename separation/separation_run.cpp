#include "separation/separation_run.h"

#include <algorithm>

#include "base/error.h"
#include "base/interrupt.h"
#include "separation/wiener.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

constexpr const char* kOp = "separate";

// Two readers of what can be read only once: the second gives what the first has read.
class Replayed : public AudioReader {
 public:
  explicit Replayed(const AudioInfo& info) : AudioReader(info, "the mixture"), queue_(info.channels) {}
  void add(const Audio& block) { queue_.push(block); }

 private:
  Audio next(int64_t frames) override {
    const int64_t count = std::min(frames, queue_.frames());
    Audio block{info_.sample_rate, info_.channels, {}};
    for (int c = 0; c < info_.channels; ++c) {
      const std::vector<float>& samples = queue_.channel(c);
      block.samples.insert(block.samples.end(), samples.begin(), samples.begin() + count);
    }
    queue_.drop(count);
    return block;
  }

  SampleQueue queue_;
};

class Recorded : public AudioReader {
 public:
  Recorded(std::unique_ptr<AudioReader> reader, Replayed& replayed)
      : AudioReader(reader->info(), "the mixture"), reader_(std::move(reader)), replayed_(replayed) {}

 private:
  Audio next(int64_t frames) override {
    Audio block = reader_->read(frames);
    replayed_.add(block);
    return block;
  }

  std::unique_ptr<AudioReader> reader_;
  Replayed& replayed_;
};

// Of the audio's channels those that are separated.
int used_channels(const AudioInfo& audio, const SeparatorConfig& config) {
  const int most = static_cast<int>(std::max<int64_t>(2, config.channels)), channels = std::min(audio.channels, most);
  check(channels == config.channels || channels == 1 || config.channels == 1, kOp,
        "the mixture has {} channels, the model wants {} or one", channels, config.channels);
  return channels;
}

// Whether the audio is mixed down to `channels`; otherwise those are the first ones.
bool mixes_down(const AudioInfo& audio, int channels, Downmix how, std::vector<std::string>& warnings) {
  if (audio.channels <= channels) return false;
  const bool mixes = how == Downmix::bs775 && channels == 2 && can_downmix(audio);
  const char* why = mixes || how == Downmix::first ? "" : ": the places of the channels are not stated, or not known";
  warnings.push_back(
      mixes ? fmt::format("of {} channels two were mixed (ITU-R BS.775); downmix first takes the first", audio.channels)
            : fmt::format("of {} channels the first {} are used{}", audio.channels, channels, why));
  return mixes;
}

// sum_k weights_k sources_k, sources (K, frames, channels, bins, 2).
Tensor weighted_sum(const Tensor& sources, const std::vector<float>& weights) {
  Var sum;
  for (size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] == 0.0f) continue;
    Var part(sources[static_cast<int64_t>(k)]);
    if (weights[k] != 1.0f) part = scale(part, weights[k]);
    sum = sum.defined() ? add(sum, part) : part;
  }
  return sum.defined() ? sum.value() : Tensor::zeros(sources[0].shape(), sources.device());
}

}  // namespace

SeparationRun::SeparationRun(const Separator& separator, const Separator::Open& open, const Separator::Write& write)
    : separator_(separator),
      write_(write),
      first_(open()),
      // Without iterations frames are filtered one by one, so that none has to wait.
      window_(separator.options_.live && separator.options_.iterations == 0 ? 1 : separator.options_.window) {
  const SeparatorConfig& config = separator.models_.config;
  channels_ = used_channels(first_->info(), config);
  const bool mixes = mixes_down(first_->info(), channels_, separator.options_.downmix, summary_.warnings);
  if (mixes) first_ = open_downmix(std::move(first_));
  const AudioInfo info = first_->info();
  summary_.sample_rate = info.sample_rate;
  if (separator.reads_once()) {
    auto replayed = std::make_unique<Replayed>(info);
    first_ = std::make_unique<Recorded>(std::move(first_), *replayed);
    second_ = std::move(replayed);
  } else {
    second_ = mixes ? open_downmix(open()) : open();
  }
  const bool keeps = std::any_of(separator.estimates_.begin(), separator.estimates_.end(),
                                 [](const Separator::Estimate& estimate) { return estimate.mixture != 0.0f; });
  ahead_ = std::make_unique<MixtureSpectra>(*first_, config, channels_, separator.device_);
  spectra_ = std::make_unique<MixtureSpectra>(*second_, config, channels_, separator.device_, keeps);
  states_ = std::make_unique<MaskStates>(separator.models_, *ahead_, segments());
  for (size_t k = 0; k < separator.estimates_.size(); ++k)
    signals_.emplace_back(config, info.sample_rate, channels_, spectra_->lanes(), separator.device_);
}

Segments SeparationRun::segments() const {
  const SeparatorOptions& options = separator_.options_;
  const SeparatorConfig& config = separator_.models_.config;
  if (separator_.reads_once()) return {window_, 0, true};
  if (options.segment == 0.0) return {};
  const auto length = static_cast<int64_t>(options.segment * config.sample_rate / static_cast<double>(config.hop));
  return {length, length / 4, false};
}

Separator::Summary SeparationRun::run() {
  const NoGrad no_grad;
  int64_t done = 0;
  while (states_->advance(done)) {
    while (done < states_->end() && (states_->end() - done >= window_ || states_->complete())) {
      stop_if_interrupted();
      const int64_t end = std::min(done + window_, states_->end());
      filter(done, end);
      done = end;
    }
  }
  check(spectra_->ended(), kOp, "the mixture changed while it was read: it is longer than before");
  summary_.frames = spectra_->audio_frames();
  states_.reset();
  release_cpu_memory();
  return std::move(summary_);
}

void SeparationRun::filter(int64_t begin, int64_t end) {
  const std::vector<Tensor> spectra = spectra_->next(end - begin);
  check(!spectra.empty() && spectra[0].dim(0) == end - begin, kOp,
        "the mixture changed while it was read: it is shorter than before");
  const bool last = states_->complete() && spectra_->ended();
  std::vector<Tensor> filtered_lanes;
  for (int lane = 0; lane < spectra_->lanes(); ++lane)
    filtered_lanes.push_back(filtered(lane, begin, spectra[static_cast<size_t>(lane)]));
  std::vector<Audio> estimates;
  for (size_t k = 0; k < signals_.size(); ++k) {
    std::vector<Tensor> lanes;
    for (const Tensor& sources : filtered_lanes)
      lanes.push_back(weighted_sum(sources, separator_.estimates_[k].weights));
    estimates.push_back(signals_[k].push(lanes, last ? spectra_->samples() : -1));
  }
  give(estimates, last);
}

// The sources' spectra (sources, frames, channels, bins, 2), with the filter's residual where it makes one.
Tensor SeparationRun::filtered(int lane, int64_t begin, const Tensor& spectrum) const {
  const std::vector<LoadedModel>& models = separator_.models_.models;
  const int64_t frames = spectrum.dim(0), channels = spectrum.dim(1), bins = spectrum.dim(2);
  int64_t heads = 0;
  for (const LoadedModel& model : models) heads += model.network->heads();
  Tensor masks = Tensor::empty({heads, frames, channels * bins}, spectrum.device());
  int64_t head = 0;
  for (size_t m = 0; m < models.size(); ++m) {
    MaskNetwork& network = *models[m].network;
    network.masks(Var(states_->rows(m, lane, begin, begin + frames)), masks.rows(head, head + network.heads()));
    head += network.heads();
  }
  WienerOptions options;
  options.iterations = separator_.options_.iterations;
  options.softmask = separator_.options_.softmask;
  options.residual = separator_.filters_residual();
  return wiener(masks.reshape({heads, frames, channels, bins}), spectrum, options);
}

// Adds the mixture where an estimate has a part of it, and gives as many frames as the mixture has.
void SeparationRun::give(std::vector<Audio>& estimates, bool last) {
  const int64_t frames = last ? spectra_->audio_frames() - given_ : estimates[0].frames();
  for (size_t k = 0; k < estimates.size(); ++k) {
    const Separator::Estimate& wanted = separator_.estimates_[k];
    Audio exact{summary_.sample_rate, channels_, std::vector<float>(static_cast<size_t>(frames * channels_))};
    for (int c = 0; c < channels_; ++c) {
      const auto from = estimates[k].channel(c).first(static_cast<size_t>(std::min(frames, estimates[k].frames())));
      const auto to = exact.channel(c);
      std::copy(from.begin(), from.end(), to.begin());
      if (wanted.mixture == 0.0f) continue;
      const std::vector<float>& mixture = spectra_->audio().channel(c);
      for (size_t t = 0; t < to.size(); ++t) to[t] += wanted.mixture * mixture[t];
    }
    check_finite(exact, "the estimate of " + wanted.name, given_);
    estimates[k] = std::move(exact);
  }
  if (spectra_->audio().frames() > 0) spectra_->audio().drop(frames);
  given_ += frames;
  if (frames > 0 || last) write_(estimates);
}

}  // namespace unmix
