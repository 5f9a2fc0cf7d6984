// Audio that can be read only once.
#include "audio/decoders.h"
#include "audio/temporary.h"
#include "base/check_call.h"
#include "base/error.h"

namespace unmix {
namespace {

bool is_wav(const std::string& magic) {
  return (magic.starts_with("RIFF") || magic.starts_with("RF64")) && magic.substr(8) == "WAVE";
}

// What remains of the stream, in a file whose decoder may go to and fro.
std::unique_ptr<AudioReader> open_copy(ByteStream& bytes) {
  const auto file = open_temporary();
  std::string block(1 << 20, '\0');
  while (const size_t count = bytes.read(block.data(), block.size()))
    check_call(std::fwrite(block.data(), 1, count, file.get()) == count, "audio", "cannot write the temporary file");
  check_call(std::fflush(file.get()) == 0, "audio", "cannot write the temporary file");
  return open_file(fmt::format("/proc/self/fd/{}", ::fileno(file.get())), bytes.name(), 0, -1);
}

}  // namespace

std::unique_ptr<AudioReader> open_bytes(std::unique_ptr<ByteStream> bytes) {
  const std::string magic = bytes->peek(12);
  check(!magic.empty(), "audio", "{}: there is nothing to read (0 bytes)", bytes->name());
  return is_wav(magic) ? open_wav(std::move(bytes)) : open_copy(*bytes);
}

std::unique_ptr<AudioReader> open_stream(int descriptor, const std::string& name) {
  return open_bytes(std::make_unique<ByteStream>(descriptor, name));
}

}  // namespace unmix
