// The pages of an Ogg file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace unmix {

struct OggPages {
  int streams = 0;    // logical ones, beside or after each other
  uint64_t end = 0;   // of the pages, bytes
  bool tail = false;  // something follows them, such as a tag
};

// Throws where pages are damaged or missing, or the last one of a stream is.
OggPages read_ogg_pages(const std::filesystem::path& path, const std::string& name);

}  // namespace unmix
