// Versions of oneDNN, FFTW and, with CUDA, its libraries.
#pragma once

#include <vector>

#include "base/library_version.h"

namespace unmix {

std::vector<LibraryVersion> tensor_library_versions();

}  // namespace unmix
