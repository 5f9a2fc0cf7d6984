// Planar samples that are put in at the end and taken from the front.
#pragma once

#include <vector>

#include "audio/audio.h"

namespace unmix {

class SampleQueue {
 public:
  explicit SampleQueue(int channels) : channels_(static_cast<size_t>(channels)) {}

  int64_t frames() const { return static_cast<int64_t>(channels_[0].size()); }
  const std::vector<float>& channel(int index) const { return channels_[static_cast<size_t>(index)]; }

  // The first channels of the audio.
  void push(const Audio& audio) {
    for (size_t c = 0; c < channels_.size(); ++c) {
      const auto samples = audio.channel(static_cast<int>(c));
      channels_[c].insert(channels_[c].end(), samples.begin(), samples.end());
    }
  }
  void push_front(int channel, const std::vector<float>& samples) {
    std::vector<float>& own = channels_[static_cast<size_t>(channel)];
    own.insert(own.begin(), samples.begin(), samples.end());
  }
  void push_back(int channel, const std::vector<float>& samples) {
    std::vector<float>& own = channels_[static_cast<size_t>(channel)];
    own.insert(own.end(), samples.begin(), samples.end());
  }
  void drop(int64_t frames) {
    for (std::vector<float>& channel : channels_) channel.erase(channel.begin(), channel.begin() + frames);
  }

 private:
  std::vector<std::vector<float>> channels_;
};

}  // namespace unmix
