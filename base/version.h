// What this build is, for `unmix info` and the records of a training run.
#pragma once

#include <string_view>

namespace unmix {

std::string_view version();            // "0.1.0"
std::string_view commit();             // of the sources when the build was configured; empty outside a git clone
std::string_view build_description();  // "Release, x86-64-v3, GNU 12.2.0, CUDA off"

}  // namespace unmix
