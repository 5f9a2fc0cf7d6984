#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/check_call.h"
#include "base/folder.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

void check_write(bool succeeded, const fs::path& path) {
  check_call(succeeded, "file", "cannot write {}", path.string());
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// Unique among the processes and threads that may write the same file at once.
fs::path temporary_of(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  constexpr size_t longest = 200;  // bytes of the name, of the 255 that file systems take
  const std::string name =
      fmt::format(".{}.{}-{}.tmp", path.filename().string().substr(0, longest), ::getpid(), counter++);
  return folder_of(path) / name;
}

void synchronize_to_disk(const fs::path& written, const fs::path& path) {
  const Descriptor file(written, O_RDONLY);
  // Some file systems cannot sync a folder (EINVAL): the rename is then as durable as they make it.
  check_write(file.valid() && (::fsync(file.get()) == 0 || errno == EINVAL), path);
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : path_(path) {
  const fs::path folder = folder_of(path);
  check(is_folder(folder), "file", "cannot write {}: {} is not an existing folder", path.string(), folder.string());
  check(!is_folder(path), "file", "cannot write {}: it is a folder", path.string());
  check_write(::access(folder.c_str(), W_OK) == 0, path);
  temporary_ = temporary_of(path);
}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove(temporary_, ignored);
}

void AtomicFile::append(std::string_view bytes) {
  const Descriptor file(temporary_, O_WRONLY | (created_ ? O_APPEND : O_CREAT | O_EXCL));
  check_write(file.valid(), path_);
  created_ = true;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    check_write(written >= 0, path_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  synchronize_to_disk(temporary_, path_);
  check_write(::rename(temporary_.c_str(), path_.c_str()) == 0, path_);
  temporary_.clear();
  synchronize_to_disk(folder_of(path_), path_);
}

void write_atomically(const fs::path& path, const std::function<void(const fs::path& temporary)>& write) {
  AtomicFile file(path);
  write(file.temporary());
  file.commit();
}

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

std::string read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  check_call(file.valid(), "file", "cannot read {}", path.string());
  std::string bytes;
  std::error_code error;
  const auto expected = fs::file_size(path, error);
  // One byte more shows the end of the file without growing the string; files of /proc have no size.
  const size_t room = error ? 0 : static_cast<size_t>(expected);
  bytes.resize(room + 1);
  size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(2 * bytes.size() + 4096);
    const ssize_t count = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    check_call(count >= 0, "file", "cannot read {}", path.string());
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

void check_input_file(const char* where, const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  check(status.type() != fs::file_type::none, where, "{}: {}", path.string(), error.message());
  check(fs::exists(status), where, "{}: no such file", path.string());
  check(!fs::is_directory(status), where, "{}: is a folder, not a file", path.string());
  const auto size = fs::is_regular_file(status) ? fs::file_size(path, error) : 1;
  check(!error, where, "{}: {}", path.string(), error.message());
  check(size > 0, where, "{}: the file is empty (0 bytes)", path.string());
}

}  // namespace unmix
