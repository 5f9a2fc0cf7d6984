// What audio_info and read_audio need to know of a file beside its decoder.
#pragma once

#include <filesystem>

#include "audio/audio.h"

namespace unmix {

// Signs of a cut-off file that libsndfile passes over in silence: throws if a WAV file ends before the end its header
// states, or an OGG file without the page that ends its stream. Files of other formats pass.
void check_complete(const std::filesystem::path& path);

// audio_info of a .stem.mp4.
AudioInfo stem_info(const std::filesystem::path& path);

}  // namespace unmix
