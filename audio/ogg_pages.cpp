#include "audio/ogg_pages.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>

#include "base/error.h"

namespace unmix {
namespace {

constexpr size_t kHeader = 27;             // bytes, then one for each segment's length
constexpr unsigned kFirst = 2, kLast = 4;  // flags of a stream's first and last page

// x^32 + x^26 + ... of 0x04C11DB7, bits not reversed, the checksum's own four bytes taken as 0.
uint32_t checksum(const std::string& page) {
  static const auto table = [] {
    std::array<uint32_t, 256> values{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i << 24;
      for (int bit = 0; bit < 8; ++bit) value = (value & 0x80000000) != 0 ? value << 1 ^ 0x04C11DB7 : value << 1;
      values[i] = value;
    }
    return values;
  }();
  uint32_t sum = 0;
  for (size_t i = 0; i < page.size(); ++i) {
    const auto byte = i >= 22 && i < 26 ? 0U : static_cast<unsigned char>(page[i]);
    sum = sum << 8 ^ table[(sum >> 24 ^ byte) & 0xFF];
  }
  return sum;
}

uint32_t number_at(const std::string& page, size_t at) {
  uint32_t number = 0;
  for (size_t i = 4; i-- > 0;) number = number << 8 | static_cast<unsigned char>(page[at + i]);
  return number;
}

class Pages {
 public:
  Pages(const std::filesystem::path& path, const std::string& name) : name_(name), file_(path, std::ios::binary) {}

  OggPages read_all() {
    OggPages result;
    for (std::string page; read(page, result.tail);) add(page);
    for (const auto& [serial, stream] : streams_)
      check(stream.ended, "audio", "{}: the file is truncated: its last page is missing", name_);
    result.streams = starts_;
    result.end = position_;
    return result;
  }

 private:
  struct Stream {
    uint32_t next = 0;  // page
    bool ended = false;
  };

  // False at the end of the pages; `tail`: where something follows, such as a tag.
  bool read(std::string& page, bool& tail) {
    page.resize(kHeader);
    if (!append(page, 0, kHeader) || std::memcmp(page.data(), "OggS", 4) != 0) {
      tail = file_.gcount() > 0;
      check(!tail || !another_page(), "audio", "{}: the file is corrupt: there is no page at byte {}", name_,
            position_);
      return false;
    }
    const auto segments = static_cast<size_t>(static_cast<unsigned char>(page[26]));
    bool whole = append(page, kHeader, segments);
    size_t body = 0;
    for (size_t i = 0; whole && i < segments; ++i) body += static_cast<unsigned char>(page[kHeader + i]);
    whole = whole && append(page, kHeader + segments, body);
    check(whole, "audio", "{}: the file is truncated: its last page is cut", name_);
    check(checksum(page) == number_at(page, 22), "audio", "{}: the file is corrupt: the page at byte {} is damaged",
          name_, position_);
    position_ += page.size();
    return true;
  }

  bool append(std::string& page, size_t at, size_t count) {
    page.resize(at + count);
    return count == 0 || static_cast<bool>(file_.read(page.data() + at, static_cast<std::streamsize>(count)));
  }

  bool another_page() {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(position_));
    std::string bytes;
    for (std::array<char, 65536> block; file_.good();) {
      file_.read(block.data(), block.size());
      bytes.append(block.data(), static_cast<size_t>(file_.gcount()));
      if (bytes.find("OggS") != std::string::npos) return true;
      bytes.erase(0, bytes.size() - std::min<size_t>(bytes.size(), 3));
    }
    return false;
  }

  void add(const std::string& page) {
    const auto flags = static_cast<unsigned char>(page[5]);
    const uint32_t number = number_at(page, 18);
    Stream& stream = streams_[number_at(page, 14)];
    const bool starts = (flags & kFirst) != 0;
    check(starts || number == stream.next, "audio", "{}: the file is corrupt: a page is missing before byte {}", name_,
          position_ - page.size());
    if (starts) ++starts_;
    stream = {number + 1, (flags & kLast) != 0};
  }

  const std::string& name_;
  std::ifstream file_;
  uint64_t position_ = 0;
  std::map<uint32_t, Stream> streams_;  // by serial number
  int starts_ = 0;
};

}  // namespace

OggPages read_ogg_pages(const std::filesystem::path& path, const std::string& name) {
  return Pages(path, name).read_all();
}

}  // namespace unmix
