// Files read and written whole. A write is atomic: readers and a crash see the old file or the new one, never a part.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace unmix {

// Lets `write` create a temporary file in the folder of `path`, then fsyncs it, renames it to `path` and fsyncs the
// folder. On failure the temporary is removed and `path` is as it was. The folder must exist.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path& temporary)>& write);

// The same for a file that is written piece by piece. Without commit, `path` stays as it was and the temporary is
// removed.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);  // throws where `path` cannot be written
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& temporary() const { return temporary_; }  // the caller writes this file, or appends
  void append(std::string_view bytes);  // to the temporary, which the first call creates
  void commit();

 private:
  std::filesystem::path path_, temporary_;  // no temporary: committed
  bool created_ = false;                    // by append
};

// Atomic write of the given bytes.
void write_file(const std::filesystem::path& path, std::string_view bytes);

std::string read_file(const std::filesystem::path& path);

// Throws "no such file", "is a folder", "is empty" for what cannot be the input file `path`.
void check_input_file(const char* where, const std::filesystem::path& path);

}  // namespace unmix
