// A file without a name, which goes when it is closed.
#pragma once

#include <cstdio>
#include <memory>

namespace unmix {

std::shared_ptr<std::FILE> open_temporary();

}  // namespace unmix
