// What reading and writing through libsndfile share.
#pragma once

#include <sndfile.h>

#include <memory>
#include <string>

namespace unmix {

struct CloseSoundFile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, CloseSoundFile>;

// libsndfile's own words, without its trailing full stop and "Error :"; of the last failed open where `file` is null.
std::string sound_file_reason(SNDFILE* file);

}  // namespace unmix
