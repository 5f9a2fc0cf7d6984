#include "report/library_versions.h"

#include <librsvg/rsvg.h>
#include <png.h>

namespace unmix {

std::vector<LibraryVersion> report_library_versions() {
  return {{"libpng", png_get_libpng_ver(nullptr)},
          {"librsvg", dotted(rsvg_major_version, rsvg_minor_version, rsvg_micro_version)}};
}

}  // namespace unmix
