#include "audio/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check_call.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace unmix {
namespace {

constexpr int kPollMilliseconds = 500;

}  // namespace

ByteStream::ByteStream(int descriptor, std::string name)
    : descriptor_(descriptor), owned_(false), name_(std::move(name)) {}

// To open a pipe that nobody writes to yet would be to wait for them: O_NONBLOCK leaves the waiting to read.
ByteStream::ByteStream(const std::filesystem::path& path, std::string name)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), owned_(true), name_(std::move(name)) {
  check_call(descriptor_ >= 0, "audio", "cannot read {}", name_);
}

ByteStream::~ByteStream() {
  if (owned_) ::close(descriptor_);
}

size_t ByteStream::read(char* to, size_t count) {
  size_t done = std::min(count, peeked_.size());
  std::copy_n(peeked_.begin(), done, to);
  peeked_.erase(0, done);
  while (done < count) {
    stop_if_interrupted();
    // A read would go on waiting after a signal.
    pollfd wanted{descriptor_, POLLIN, 0};
    if (::poll(&wanted, 1, kPollMilliseconds) <= 0) continue;
    const ssize_t got = ::read(descriptor_, to + done, count - done);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    check_call(got >= 0, "audio", "cannot read {}", name_);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string ByteStream::peek(size_t count) {
  std::string bytes(count, '\0');
  bytes.resize(read(bytes.data(), count));
  return peeked_ = bytes;
}

void ByteStream::skip(size_t count) {
  std::array<char, 4096> bytes;
  while (count > 0) {
    const size_t got = read(bytes.data(), std::min(count, bytes.size()));
    check(got > 0, "audio", "{}: the stream is truncated: it ends before its samples", name_);
    count -= got;
  }
}

int64_t ByteStream::rest() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return -1;
  const off_t at = ::lseek(descriptor_, 0, SEEK_CUR);
  return at < 0 ? -1 : status.st_size - at + static_cast<int64_t>(peeked_.size());
}

}  // namespace unmix
