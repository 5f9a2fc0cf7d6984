#include "base/version.h"

namespace unmix {

std::string_view version() { return UNMIX_VERSION; }
std::string_view commit() { return UNMIX_COMMIT; }
std::string_view build_description() { return UNMIX_BUILD; }

}  // namespace unmix
