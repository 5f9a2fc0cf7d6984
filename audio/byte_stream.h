// Bytes that can be read only once; Ctrl-C ends the wait for them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace unmix {

class ByteStream {
 public:
  ByteStream(int descriptor, std::string name);  // leaves the descriptor open
  ByteStream(const std::filesystem::path& path, std::string name);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  const std::string& name() const { return name_; }  // in messages

  size_t read(char* to, size_t count);  // all that is asked for, less at the end
  std::string peek(size_t count);       // the next bytes; they stay
  void skip(size_t count);              // throws where there are fewer

  // Bytes still to come, of a regular file; -1 where only the end will tell.
  int64_t rest() const;

 private:
  int descriptor_;
  bool owned_;
  std::string name_, peeked_;
};

}  // namespace unmix
