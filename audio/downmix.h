// Two channels of surround sound.
#pragma once

#include <memory>

#include "audio/reader.h"

namespace unmix {

enum class Downmix {
  bs775,  // by ITU-R BS.775, where the places of the channels are known
  first,  // the first channels
};

// Whether every channel has one of the places that BS.775 speaks of.
bool can_downmix(const AudioInfo& info);

// L + 0.71 C + 0.71 Ls and R + 0.71 C + 0.71 Rs, of one surround channel 0.5 in both; without the low-frequency
// channel, and not scaled.
std::unique_ptr<AudioReader> open_downmix(std::unique_ptr<AudioReader> reader);

}  // namespace unmix
