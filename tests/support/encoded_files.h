// Audio files of any container and codec that libav writes, for tests of what reads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audio/audio.h"

namespace unmix::test {

struct Encoding {
  std::string container, codec;  // libav's names of the muxer and the encoder
  std::string samples = "fltp";  // libav's name of a format that the encoder takes
  bool piped = false;            // as to a pipe: nothing that is known only at the end stands at the front
  bool picture = false;          // also a stream of pictures
};

void write_encoded(const std::filesystem::path& path, const std::vector<Audio>& streams, const Encoding& encoding);

// Writes streams in one MP4 file, as MUSDB18 has them (its five are mixture, drums, bass, other, vocals, in AAC).
void write_stem_file(const std::filesystem::path& path, const std::vector<Audio>& streams,
                     const Encoding& encoding = {"mp4", "aac"});

}  // namespace unmix::test
