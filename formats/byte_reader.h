// A cursor over the bytes of a file that comes from elsewhere: no read goes past their end.
#pragma once

#include <bit>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace unmix {

// For a message: one short line, whatever a file holds.
inline std::string printable(std::string_view text) {
  constexpr size_t kLongest = 100;
  std::string result(text.substr(0, kLongest));
  for (char& c : result)
    if (!std::isprint(static_cast<unsigned char>(c))) c = '?';
  return result + (text.size() > kLongest ? "..." : "");
}

class ByteReader {
 public:
  // where: as `fail` takes it; file: its name, for messages.
  ByteReader(const char* where, std::string file, std::string_view bytes)
      : where_(where), file_(std::move(file)), bytes_(bytes) {}

  size_t size() const { return bytes_.size(); }
  size_t position() const { return position_; }
  std::string_view bytes() const { return bytes_; }

  void seek(uint64_t position) {
    if (position > bytes_.size()) truncated(position);
    position_ = static_cast<size_t>(position);
  }

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - position_) truncated(position_ + count);
    const std::string_view taken = bytes_.substr(position_, static_cast<size_t>(count));
    position_ += taken.size();
    return taken;
  }

  // A little-endian number.
  template <class T>
  T value() {
    static_assert(std::endian::native == std::endian::little);
    T number;
    std::memcpy(&number, take(sizeof(T)).data(), sizeof(T));
    return number;
  }

  // Up to the next line feed, which is passed over.
  std::string_view line() {
    const size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) truncated(bytes_.size() + 1);
    const std::string_view text = take(end - position_);
    ++position_;
    return text;
  }

  // A reader of some of the bytes, with the same messages.
  ByteReader part(std::string_view bytes) const { return {where_, file_, bytes}; }

  // Throws "<file>: <what>".
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(where_, "{}: {}", file_, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  [[noreturn]] void truncated(uint64_t wanted) const {
    refuse("it has {} bytes where {} are expected: it is truncated or corrupt", bytes_.size(), wanted);
  }

  const char* where_;
  std::string file_;
  std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace unmix
