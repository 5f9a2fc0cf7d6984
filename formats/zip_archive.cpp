#include "formats/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace unmix {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr uint64_t kLocalHeaderSize = 30, kDirectoryEntrySize = 46, kEndSize = 22, kLocatorSize = 20;
constexpr uint64_t kLongestComment = 65535;
constexpr uint32_t kInZip64 = std::numeric_limits<uint32_t>::max();  // a 32-bit field whose value is in the zip64 field
constexpr uint16_t kZip64Field = 1, kPadding = 0x4246;               // ids of extra fields; "FB" is PyTorch's
constexpr uint16_t kEncrypted = 1, kUtf8 = 0x800;                    // flags
constexpr uint64_t kAlignment = 64;

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// version needed, flags, method 0, time and date 0, crc, packed size, size, length of name
void append_common(std::string& bytes, const std::string& name, uint64_t size, uint32_t crc) {
  append<uint16_t>(bytes, 10);
  append<uint16_t>(bytes, kUtf8);
  append<uint16_t>(bytes, 0);
  append<uint32_t>(bytes, 0);
  append<uint32_t>(bytes, crc);
  append(bytes, static_cast<uint32_t>(size));
  append(bytes, static_cast<uint32_t>(size));
  append(bytes, static_cast<uint16_t>(name.size()));
}

}  // namespace

ZipArchive::ZipArchive(ByteReader reader) : reader_(std::move(reader)) {
  const Directory directory = find_directory();
  if (directory.offset > reader_.size() || directory.size > reader_.size() - directory.offset ||
      directory.count > directory.size / kDirectoryEntrySize)
    reader_.refuse("its zip directory of {} entries does not fit the file: it is truncated or corrupt",
                   directory.count);
  reader_.seek(directory.offset);
  for (uint64_t i = 0; i < directory.count; ++i) entries_.push_back(read_entry());
  const auto by_name = [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; };
  std::sort(entries_.begin(), entries_.end(), by_name);
  const auto same_name = [](const ZipEntry& a, const ZipEntry& b) { return a.name == b.name; };
  if (std::adjacent_find(entries_.begin(), entries_.end(), same_name) != entries_.end())
    reader_.refuse("its zip directory has an entry twice");
}

// From the record at the end, which a comment may follow, or the zip64 one that it points to.
ZipArchive::Directory ZipArchive::find_directory() {
  const uint64_t size = reader_.size();
  const uint64_t first = size > kEndSize + kLongestComment ? size - kEndSize - kLongestComment : 0;
  uint64_t end = size < kEndSize ? 0 : size - kEndSize;
  const auto signature_at = [&](uint64_t position) {
    reader_.seek(position);
    return reader_.value<uint32_t>();
  };
  while (size < kEndSize || signature_at(end) != kEnd) {
    if (end <= first) reader_.refuse("its zip directory is missing: the file is truncated or corrupt");
    --end;
  }
  if (end >= kLocatorSize && signature_at(end - kLocatorSize) == kLocator64) {
    reader_.value<uint32_t>();  // disk
    const auto record = reader_.value<uint64_t>();
    reader_.seek(record);
    if (reader_.value<uint32_t>() != kEnd64) reader_.refuse("its zip64 directory is missing: the file is corrupt");
    reader_.take(8 + 2 + 2 + 4 + 4);  // own size, versions, disks
    reader_.take(8);                  // entries of this disk
    const auto count = reader_.value<uint64_t>(), bytes = reader_.value<uint64_t>();
    return {reader_.value<uint64_t>(), bytes, count};
  }
  reader_.seek(end + 10);
  const uint64_t count = reader_.value<uint16_t>(), bytes = reader_.value<uint32_t>();
  return {reader_.value<uint32_t>(), bytes, count};
}

ZipEntry ZipArchive::read_entry() {
  ZipEntry entry;
  if (reader_.value<uint32_t>() != kDirectoryEntry) reader_.refuse("its zip directory is corrupt");
  reader_.take(4);  // versions
  const auto flags = reader_.value<uint16_t>(), method = reader_.value<uint16_t>();
  reader_.take(4);  // time and date
  entry.crc = reader_.value<uint32_t>();
  const uint64_t packed = reader_.value<uint32_t>();
  entry.size = reader_.value<uint32_t>();
  const auto name = reader_.value<uint16_t>(), extra = reader_.value<uint16_t>(), comment = reader_.value<uint16_t>();
  reader_.take(8);  // disk, attributes
  entry.header = reader_.value<uint32_t>();
  entry.name = reader_.take(name);
  const std::string_view fields = reader_.take(extra);
  reader_.take(comment);
  if ((flags & kEncrypted) != 0 || method != 0)
    reader_.refuse("its entry '{}' is compressed or encrypted; torch.save stores a state dict as it is",
                   printable(entry.name));
  read_zip64(entry, fields, packed);
  return entry;
}

// Fields that have no room in 32 bits, in their fixed order.
void ZipArchive::read_zip64(ZipEntry& entry, std::string_view extra, uint64_t packed) {
  for (ByteReader fields = reader_.part(extra); fields.position() < fields.size();) {
    const auto id = fields.value<uint16_t>(), size = fields.value<uint16_t>();
    ByteReader field = fields.part(fields.take(size));
    if (id != kZip64Field) continue;
    if (entry.size == kInZip64) entry.size = field.value<uint64_t>();
    if (packed == kInZip64) packed = field.value<uint64_t>();
    if (entry.header == kInZip64) entry.header = field.value<uint64_t>();
  }
  if (packed != entry.size) reader_.refuse("its zip directory has an entry of two sizes: the file is corrupt");
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name,
                                   [](const ZipEntry& entry, std::string_view wanted) { return entry.name < wanted; });
  return at == entries_.end() || at->name != name ? nullptr : &*at;
}

std::string_view ZipArchive::read(const ZipEntry& entry) const {
  ByteReader reader = reader_;
  reader.seek(entry.header);
  if (reader.value<uint32_t>() != kLocalHeader) reader.refuse("its zip directory points nowhere: the file is corrupt");
  reader.take(kLocalHeaderSize - 4 - 4);
  const auto name = reader.value<uint16_t>(), extra = reader.value<uint16_t>();
  if (reader.take(name) != entry.name) reader.refuse("its zip directory names other entries than it has");
  reader.take(extra);
  const std::string_view bytes = reader.take(entry.size);
  if (crc32_of(bytes) != entry.crc)
    reader.refuse("the checksum of its entry '{}' is wrong: the file is corrupt", printable(entry.name));
  return bytes;
}

std::string ZipHeaders::entry(const std::string& name, uint64_t size, uint32_t crc) {
  const uint64_t least = end_ + kLocalHeaderSize + name.size() + 4;
  const uint64_t padding = (kAlignment - least % kAlignment) % kAlignment;
  check(least + padding + size < kInZip64, "pth", "more than 4 GiB cannot be written to one .pth file");
  std::string bytes;
  append(bytes, kLocalHeader);
  append_common(bytes, name, size, crc);
  append(bytes, static_cast<uint16_t>(4 + padding));
  bytes += name;
  append(bytes, kPadding);
  append(bytes, static_cast<uint16_t>(padding));
  bytes.append(padding, 'Z');
  entries_.push_back({name, size, end_, crc});
  end_ = least + padding + size;
  return bytes;
}

std::string ZipHeaders::directory() const {
  std::string bytes;
  for (const Entry& entry : entries_) {
    append(bytes, kDirectoryEntry);
    append<uint16_t>(bytes, 10);  // made by
    append_common(bytes, entry.name, entry.size, entry.crc);
    bytes.append(2 + 2 + 2 + 2 + 4, '\0');  // no extra, no comment, disk 0, attributes
    append(bytes, static_cast<uint32_t>(entry.header));
    bytes += entry.name;
  }
  const auto size = static_cast<uint32_t>(bytes.size());
  check(entries_.size() < 65535 && end_ + size < kInZip64, "pth", "{} tensors are too many for one .pth file",
        entries_.size());
  append(bytes, kEnd);
  append<uint32_t>(bytes, 0);  // disks
  append(bytes, static_cast<uint16_t>(entries_.size()));
  append(bytes, static_cast<uint16_t>(entries_.size()));
  append(bytes, size);
  append(bytes, static_cast<uint32_t>(end_));
  append<uint16_t>(bytes, 0);  // no comment
  return bytes;
}

uint32_t crc32_of(std::string_view bytes, uint32_t before) {
  return static_cast<uint32_t>(::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace unmix
