#include "audio/container.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error.h"

namespace unmix {
namespace {

uint32_t little_endian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// RIFF chunks: a 4-letter name, the size of the content, the content padded to an even size.
void check_wav(std::ifstream& file, uint64_t file_size, const std::string& name) {
  constexpr uint32_t unknown = 0xFFFFFFFF;  // as programs write that stream to a pipe
  uint64_t position = 12;
  std::array<char, 8> header;
  while (position + header.size() <= file_size) {
    file.seekg(static_cast<std::streamoff>(position));
    if (!file.read(header.data(), header.size())) return;
    const uint32_t size = little_endian(header.data() + 4);
    position += header.size();
    if (std::memcmp(header.data(), "data", 4) == 0) {
      check(size == unknown || position + size <= file_size, "audio",
            "{}: the file is truncated: {} of {} bytes of samples are there", name, file_size - position, size);
      return;
    }
    position += size + size % 2;
  }
  fail("audio", "{}: the file is truncated: it ends before its samples", name);
}

// An OGG page: "OggS", a version, flags of which 4 marks the last page of a stream.
void check_ogg(std::ifstream& file, uint64_t file_size, const std::string& name) {
  constexpr uint64_t longest_page = 65307;
  const uint64_t start = file_size - std::min(file_size, longest_page);
  std::string tail(file_size - start, '\0');
  file.seekg(static_cast<std::streamoff>(start));
  file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  const size_t page = tail.rfind("OggS");
  const bool ended = page != std::string::npos && page + 6 <= tail.size() && (tail[page + 5] & 4) != 0;
  check(ended, "audio", "{}: the file is truncated: its last page is missing", name);
}

}  // namespace

void check_complete(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return;
  std::ifstream file(path, std::ios::binary);
  const uint64_t size = std::filesystem::file_size(path);
  std::array<char, 12> magic{};
  file.read(magic.data(), magic.size());
  file.clear();
  const auto at = [&](size_t offset, const char* text) { return std::memcmp(magic.data() + offset, text, 4) == 0; };
  if (at(0, "RIFF") && at(8, "WAVE")) check_wav(file, size, path.string());
  if (at(0, "OggS")) check_ogg(file, size, path.string());
}

}  // namespace unmix
