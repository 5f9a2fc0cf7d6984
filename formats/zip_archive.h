// Zip archives of stored, not compressed, entries, as torch.save writes them (PKWARE's APPNOTE 6.3: central directory,
// zip64). Every entry's data starts at a multiple of 64 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_reader.h"

namespace unmix {

struct ZipEntry {
  std::string_view name;
  uint64_t size = 0;    // bytes
  uint64_t header = 0;  // where its local header starts
  uint32_t crc = 0;
};

class ZipArchive {
 public:
  // Reads the central directory. Throws where the bytes are no archive, or one with compressed or encrypted entries.
  explicit ZipArchive(ByteReader reader);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;  // null if there is none

  // The entry's bytes, after comparing its local header and checksum.
  std::string_view read(const ZipEntry& entry) const;

 private:
  struct Directory {
    uint64_t offset, size, count;
  };
  Directory find_directory();
  ZipEntry read_entry();
  void read_zip64(ZipEntry& entry, std::string_view extra, uint64_t packed);

  ByteReader reader_;
  std::vector<ZipEntry> entries_;  // by name
};

// What stands around the data of an archive of entries that are added in turn; below 4 GiB in all.
class ZipHeaders {
 public:
  // The bytes that come before the data of the next entry, from the end of the last one's data on.
  std::string entry(const std::string& name, uint64_t size, uint32_t crc);
  std::string directory() const;  // what comes after the last entry's data

 private:
  struct Entry {
    std::string name;
    uint64_t size, header;
    uint32_t crc;
  };
  std::vector<Entry> entries_;
  uint64_t end_ = 0;
};

// CRC-32 of the bytes, which may follow others with the checksum `before`.
uint32_t crc32_of(std::string_view bytes, uint32_t before = 0);

}  // namespace unmix
