// Audio files of every container: what is read is what the header states and what is counted, or an error.
#include <cstdlib>

#include "audio/reader.h"
#include "fuzz.h"

namespace {

// No more than some seconds: a small file may hold hours of silence.
void read(const std::filesystem::path& path) {
  constexpr int64_t most = 1 << 18, step = 4096;  // frames
  const auto reader = unmix::open_audio(path);
  const unmix::AudioInfo info = reader->info();
  if (info.channels < 1 || info.sample_rate < 1 || info.frames < -1) std::abort();
  int64_t frames = 0;
  for (int64_t count = step; count > 0 && frames < most; frames += count) {
    const unmix::Audio block = reader->read(step);
    count = block.frames();
    if (count > step || (count > 0 && block.channels != info.channels)) std::abort();
  }
  if (frames >= most) return;
  if (info.frames >= 0 && frames != info.frames) std::abort();
  if (unmix::audio_info(path).frames != frames) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace unmix;
  const fuzz::MemoryFile file(fuzz::bytes_of(data, size));
  fuzz::answer([&] { read(file.path()); });
  return 0;
}
