// Versions of libsndfile, soxr and libav.
#pragma once

#include <vector>

#include "base/library_version.h"

namespace unmix {

std::vector<LibraryVersion> audio_library_versions();

}  // namespace unmix
