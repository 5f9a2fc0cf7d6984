// The only file that gets absolute paths from the build, so that ccache finds the others in any clone.
#include "tests/support/paths.h"

#include <cstdlib>

namespace unmix::test {

namespace fs = std::filesystem;

fs::path source_path(const std::string& relative) { return fs::path(UNMIX_SOURCE_DIR) / relative; }

fs::path golden_path(const std::string& relative) { return source_path("tests/golden") / relative; }

fs::path program_path() { return UNMIX_PROGRAM; }

std::string program_names() { return UNMIX_PROGRAMS; }

fs::path shared_data() {
  const char* variable = std::getenv("UNMIX_SHARED_DATA");
  const fs::path path = variable != nullptr ? variable : UNMIX_SHARED_DATA;
  return fs::is_directory(path) ? path : fs::path();
}

}  // namespace unmix::test
