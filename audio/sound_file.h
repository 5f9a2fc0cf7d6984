// What reading and writing through libsndfile share.
#pragma once

#include <sndfile.h>

#include <filesystem>
#include <memory>
#include <string>

#include "audio/reader.h"

namespace unmix {

struct CloseSoundFile {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, CloseSoundFile>;

// libsndfile's own words, without its trailing full stop and "Error :"; of the last failed open where `file` is null.
std::string sound_file_reason(SNDFILE* file);

// Throws unless frames start .. start + frames (-1: the rest) are among the first `available`.
void check_range(const std::filesystem::path& path, int64_t start, int64_t frames, int64_t available);

// The mixture of a .stem.mp4.
std::unique_ptr<AudioReader> open_stem_mixture(const std::filesystem::path& path, int64_t start, int64_t frames);

}  // namespace unmix
