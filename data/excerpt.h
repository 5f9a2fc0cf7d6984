// A piece of a decoded track as one source of a sample, and what augmentation does to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/choice.h"
#include "data/cache.h"
#include "data/split_mix.h"

namespace unmix {

enum class Augmentation {
  gain,          // one factor per source, uniform in 0.25 .. 1.25
  channelswap,   // left and right of a stereo source exchanged with probability 0.5
  force_stereo,  // a mono source on both channels; of more than two channels the first two
};

inline constexpr Choice<Augmentation> augmentation_names[] = {{"gain", Augmentation::gain},
                                                              {"channelswap", Augmentation::channelswap},
                                                              {"force_stereo", Augmentation::force_stereo}};

struct Excerpt {
  const DecodedTrack* track = nullptr;  // null: silence
  int64_t start = 0;                    // in frames
  int part = 0;
  float gain = 1;
  bool swap = false;
};

// Applies the augmentations in their order.
void augment(Excerpt& excerpt, const std::vector<Augmentation>& augmentations, SplitMix& random);

// `frames` frames of the excerpt, planar (channels, frames). One channel is the mean of the track's; two of another
// number are what force_stereo makes of them.
void read_excerpt(const Excerpt& excerpt, int64_t frames, int channels, float* to);

}  // namespace unmix
