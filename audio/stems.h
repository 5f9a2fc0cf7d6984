// The streams of a .stem.mp4.
#pragma once

#include <vector>

#include "audio/libav_input.h"

namespace unmix {

constexpr int kStems = 5;

// mixture, drums, bass, other, vocals; a picture stream may follow them. Throws where they are not alike.
std::vector<AVStream*> stem_streams(const LibavInput& input);

}  // namespace unmix
