#include "data/excerpt.h"

#include <algorithm>

#include "base/error.h"

namespace unmix {
namespace {

void mean_of_channels(const std::vector<float>& from, int64_t frames, float* to) {
  const auto channels = static_cast<int64_t>(from.size()) / frames;
  std::fill_n(to, frames, 0.0F);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < frames; ++t) to[t] += from[static_cast<size_t>(c * frames + t)];
  }
  for (int64_t t = 0; t < frames; ++t) to[t] /= static_cast<float>(channels);
}

void two_channels(const std::vector<float>& from, int64_t frames, bool swap, float* to) {
  const bool mono = static_cast<int64_t>(from.size()) == frames;
  std::copy_n(from.begin(), frames, to + (swap ? frames : 0));
  std::copy_n(from.begin() + (mono ? 0 : frames), frames, to + (swap ? 0 : frames));
}

}  // namespace

void augment(Excerpt& excerpt, const std::vector<Augmentation>& augmentations, SplitMix& random) {
  int channels = excerpt.track->channels();
  for (const Augmentation augmentation : augmentations) {
    if (augmentation == Augmentation::force_stereo) {
      channels = 2;
      continue;
    }
    const double drawn = random.uniform();
    if (augmentation == Augmentation::gain) excerpt.gain *= static_cast<float>(0.25 + drawn);
    if (augmentation == Augmentation::channelswap && drawn < 0.5 && channels == 2) excerpt.swap = !excerpt.swap;
  }
}

void read_excerpt(const Excerpt& excerpt, int64_t frames, int channels, float* to) {
  if (excerpt.track == nullptr) {
    std::fill_n(to, channels * frames, 0.0F);
    return;
  }
  const DecodedTrack& track = *excerpt.track;
  if (track.channels() == channels)
    return track.read(excerpt.part, excerpt.start, frames, to, excerpt.gain, excerpt.swap);
  std::vector<float> all(static_cast<size_t>(track.channels() * frames));
  track.read(excerpt.part, excerpt.start, frames, all.data(), excerpt.gain);
  if (channels == 1) return mean_of_channels(all, frames, to);
  two_channels(all, frames, excerpt.swap, to);
}

}  // namespace unmix
