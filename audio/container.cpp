#include "audio/container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "audio/ogg_pages.h"
#include "base/error.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

class File {
 public:
  File(const fs::path& path, const std::string& in_messages)
      : name(in_messages), size(fs::file_size(path)), stream_(path, std::ios::binary) {}

  // False where the file ends before.
  bool read(uint64_t position, char* to, size_t count) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(position));
    return static_cast<bool>(stream_.read(to, static_cast<std::streamsize>(count)));
  }

  [[noreturn]] void fail_before_samples() const {
    fail("audio", "{}: the file is truncated: it ends before its samples", name);
  }
  void check_end(uint64_t position, uint64_t bytes) const {
    check(position <= size && bytes <= size - position, "audio",
          "{}: the file is truncated: {} of {} bytes of samples are there", name, size - std::min(size, position),
          bytes);
  }

  const std::string& name;
  const uint64_t size;

 private:
  std::ifstream stream_;
};

uint64_t little_endian(const char* bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint64_t big_endian(const char* bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool is_plain(uint64_t code) { return code == 1 || code == 3 || code == 0xFFFE; }  // PCM, float, extensible

// RIFF chunks: a 4-letter name, the size of the content, the content padded to an even size. RF64 has 64-bit sizes in
// its chunk "ds64".
Decoder check_wav(File& file, uint32_t riff) {
  uint64_t position = 12, large = 0;
  bool plain = false;
  for (std::array<char, 24> header{}; file.read(position, header.data(), 8);) {
    const uint64_t size = little_endian(header.data() + 4, 4);
    const auto is = [&](const char* name) { return std::memcmp(header.data(), name, 4) == 0; };
    position += 8;
    if (is("data")) {
      const bool stated = states_wav_size(static_cast<uint32_t>(size), riff, position);
      const bool fits = size > 0 && position + size <= file.size;
      if (large > 0 && size == 0xFFFFFFFF) {
        file.check_end(position, large);
      } else if (!stated && !fits) {
        return plain ? Decoder::wav_to_end : Decoder::sound_file;
      } else {
        file.check_end(position, size);
      }
      return Decoder::sound_file;
    }
    if (is("ds64") && file.read(position, header.data(), 16)) large = little_endian(header.data() + 8, 8);
    if (is("fmt ") && file.read(position, header.data(), 2)) plain = is_plain(little_endian(header.data(), 2));
    position += size + size % 2;
  }
  file.fail_before_samples();
}

// As RIFF, but big-endian; the samples are in "SSND", 8 bytes behind its header.
void check_aiff(File& file) {
  uint64_t position = 12;
  for (std::array<char, 8> header{}; file.read(position, header.data(), 8);) {
    const uint64_t size = big_endian(header.data() + 4, 4);
    position += 8;
    const bool unknown = (size & ~uint64_t{0xFF}) == 0x7F000000;  // as SoX writes it to a pipe
    if (std::memcmp(header.data(), "SSND", 4) == 0) return unknown ? void() : file.check_end(position, size);
    position += size + size % 2;
  }
  file.fail_before_samples();
}

// 16 bytes of name, of which the first four are RIFF's, and the size with the header, padded to 8.
void check_w64(File& file) {
  uint64_t position = 40;
  for (std::array<char, 24> header{}; file.read(position, header.data(), 24);) {
    const uint64_t size = little_endian(header.data() + 16, 8);
    if (std::memcmp(header.data(), "data", 4) == 0) return file.check_end(position, size);
    if (size < 24 || size > file.size) break;
    position += (size + 7) / 8 * 8;
  }
  file.fail_before_samples();
}

void check_au(File& file, bool little) {
  constexpr uint64_t unknown = 0xFFFFFFFF;
  std::array<char, 12> header{};
  if (!file.read(0, header.data(), header.size())) file.fail_before_samples();
  const auto number = [&](int at) {
    return little ? little_endian(header.data() + at, 4) : big_endian(header.data() + at, 4);
  };
  if (number(8) != unknown) file.check_end(number(4), number(8));
}

// "caff", version and flags; chunks of a 4-letter name and a 64-bit size, of the samples -1 where it is not known.
void check_caf(File& file) {
  uint64_t position = 8;
  for (std::array<char, 12> header{}; file.read(position, header.data(), 12);) {
    const uint64_t size = big_endian(header.data() + 4, 8);
    position += 12;
    if (std::memcmp(header.data(), "data", 4) == 0) return size == UINT64_MAX ? void() : file.check_end(position, size);
    if (size > file.size) break;
    position += size;
  }
  file.fail_before_samples();
}

// An element's size: as many bytes as the first one has leading zeros, and one; all ones where it is not known.
void check_matroska(File& file) {
  uint64_t position = 0;
  for (const uint64_t id : {uint64_t{0x1A45DFA3}, uint64_t{0x18538067}}) {  // the header, the segment
    std::array<char, 12> header{};
    if (!file.read(position, header.data(), header.size())) file.fail_before_samples();
    if (big_endian(header.data(), 4) != id) return;
    int width = 1;
    while (width <= 8 && (static_cast<unsigned char>(header[4]) & (0x100 >> width)) == 0) ++width;
    if (width > 8) return;
    const uint64_t ones = (uint64_t{1} << (7 * width)) - 1, size = big_endian(header.data() + 4, width) & ones;
    if (size == ones) return;
    position += 4 + static_cast<uint64_t>(width);
    file.check_end(position, size);
    position += size;
  }
}

}  // namespace

bool states_wav_size(uint32_t data, uint32_t riff, uint64_t position) {
  constexpr uint32_t unknown = 0xFFFFFFFF;
  const bool mark = data == 0 || (data >= 0x7FFFF000 && data <= 0x80000000) || data >= 0xFFFFF000;
  const uint64_t end = position + data + data % 2, stated_end = uint64_t{riff} + 8;
  if (mark) return riff != unknown && stated_end >= end + 8;  // a chunk follows
  return data < 0x80000000 || (riff != unknown && stated_end >= end);
}

Container inspect_container(const fs::path& path, const std::string& name) {
  File file(path, name);
  std::array<char, 16> magic{};
  file.read(0, magic.data(), std::min<uint64_t>(magic.size(), file.size));
  const auto at = [&](size_t offset, std::string_view text) {
    return std::string_view(magic.data() + offset, text.size()) == text;
  };
  const auto first = static_cast<unsigned char>(magic[0]), second = static_cast<unsigned char>(magic[1]);
  if ((at(0, "RIFF") || at(0, "RF64")) && at(8, "WAVE"))
    return {check_wav(file, static_cast<uint32_t>(little_endian(magic.data() + 4, 4)))};
  if (at(0, "FORM") && (at(8, "AIFF") || at(8, "AIFC"))) check_aiff(file);
  if (at(0, "riff\x2E\x91\xCF\x11")) check_w64(file);
  if (at(0, ".snd") || at(0, "dns.")) check_au(file, at(0, "dns."));
  if (at(0, "caff")) check_caf(file);
  if (at(0, "OggS")) {
    const OggPages pages = read_ogg_pages(path, name);
    return {pages.streams == 1 ? Decoder::sound_file : Decoder::libav, pages.tail ? pages.end : UINT64_MAX};
  }
  if (at(0, "\x1A\x45\xDF\xA3")) check_matroska(file);
  // Of MPEG audio libsndfile estimates the length, and stops there.
  const bool mpeg = at(0, "ID3") || (first == 0xFF && (second & 0xE0) == 0xE0);
  const bool known = mpeg || at(4, "ftyp") || at(0, "\x1A\x45\xDF\xA3");
  return {known ? Decoder::libav : Decoder::sound_file};
}

}  // namespace unmix
