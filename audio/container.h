// What a file's container says of its length, before a decoder opens it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace unmix {

enum class Decoder {
  sound_file,  // libsndfile where it knows the format and the length, else libav
  wav_to_end,  // a WAV of plain samples whose header states no length
  libav,
};

struct Container {
  Decoder decoder;
  uint64_t end = UINT64_MAX;  // bytes that belong to it; a tag may follow
};

// Throws where the file ends before the end that its container states, or an Ogg page is damaged or missing: decoders
// pass over that in silence.
Container inspect_container(const std::filesystem::path& path, const std::string& name);

// Whether the header of a WAV states how many bytes of samples there are. Programs that write to a pipe do not know it
// yet and write 0, the largest size, or the largest that is signed, less some bytes; so real sizes of that kind count
// only where RIFF's own size speaks of more. `data`, `riff`: the sizes of the two; `position`: of the samples.
bool states_wav_size(uint32_t data, uint32_t riff, uint64_t position);

}  // namespace unmix
