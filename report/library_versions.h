// Versions of libpng and librsvg.
#pragma once

#include <vector>

#include "base/library_version.h"

namespace unmix {

std::vector<LibraryVersion> report_library_versions();

}  // namespace unmix
