#include "data/dataset.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace unmix {

std::vector<Augmentation> DatasetOptions::augmentations() const {
  if (source_augmentations) return *source_augmentations;
  if (dataset == "musdb") return {Augmentation::gain, Augmentation::channelswap};
  return {};
}

Dataset::Dataset(const DatasetOptions& options, int sample_rate)
    : sample_rate_(sample_rate),
      channels_(options.nb_channels),
      frames_(static_cast<int64_t>(options.seq_dur * sample_rate)) {
  check(frames_ > 0, "data", "excerpts of {} s are shorter than one sample", options.seq_dur);
}

std::string Dataset::content(bool training, const std::string& track, int64_t frames) {
  return fmt::format("{}/{}, {} frames", training ? "train" : "valid", to_utf8(track), frames);
}

void Dataset::read(const Sample& sample, int64_t frames, float* mixture, float* targets, int64_t stride) const {
  const int64_t size = channels_ * frames;
  const auto add = [&](const float* source) {
    for (int64_t i = 0; i < size; ++i) mixture[i] += source[i];
  };
  std::fill_n(mixture, size, 0.0F);
  for (const Excerpt& excerpt : sample.targets) {
    read_excerpt(excerpt, frames, channels_, targets);
    if (!sample.mixture) add(targets);
    targets += stride;
  }
  std::vector<float> source(sample.others.empty() ? 0 : static_cast<size_t>(size));
  for (const Excerpt& excerpt : sample.others) {
    read_excerpt(excerpt, frames, channels_, source.data());
    add(source.data());
  }
  if (sample.mixture) read_excerpt(*sample.mixture, frames, channels_, mixture);
}

Batch Dataset::batch(int64_t epoch, int64_t first, int64_t count) const {
  check(first >= 0 && count > 0 && first + count <= samples_per_epoch(), "data",
        "samples {} to {} asked for, an epoch has {}", first, first + count, samples_per_epoch());
  Batch batch{Tensor::empty({count, channels_, frames_}), {}, {}};
  const int64_t size = channels_ * frames_;
  for (int64_t b = 0; b < count; ++b) {
    Sample sample = draw(epoch, first + b);
    const auto sources = static_cast<int64_t>(sample.targets.size());
    if (b == 0) batch.targets = Tensor::empty({sources, count, channels_, frames_});
    read(sample, frames_, batch.mixture.data() + b * size, batch.targets.data() + b * size, count * size);
    batch.tracks.push_back(std::move(sample.name));
  }
  return batch;
}

Batch Dataset::validation(int64_t index) const {
  auto [sample, frames] = validation_sample(index);
  const auto sources = static_cast<int64_t>(sample.targets.size());
  Batch batch{Tensor::empty({1, channels_, frames}), Tensor::empty({sources, 1, channels_, frames}), {sample.name}};
  read(sample, frames, batch.mixture.data(), batch.targets.data(), channels_ * frames);
  return batch;
}

Tensor Dataset::statistics_mixture(int64_t index) const {
  const auto [sample, frames] = statistics_sample(index);
  Tensor mixture = Tensor::empty({channels_, frames});
  std::vector<float> target(static_cast<size_t>(mixture.size()));
  read(sample, frames, mixture.data(), target.data(), 0);
  return mixture;
}

}  // namespace unmix
