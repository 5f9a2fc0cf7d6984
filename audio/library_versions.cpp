#include "audio/library_versions.h"

#include <sndfile.h>
#include <soxr.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace unmix {
namespace {

std::string libav(unsigned version) {
  return dotted(AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version), AV_VERSION_MICRO(version));
}

}  // namespace

std::vector<LibraryVersion> audio_library_versions() {
  return {{"libsndfile", sf_version_string()},
          {"soxr", soxr_version()},
          {"libavformat", libav(avformat_version())},
          {"libavcodec", libav(avcodec_version())}};
}

}  // namespace unmix
