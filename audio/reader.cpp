#include "audio/reader.h"

#include <sys/mman.h>

#include <algorithm>
#include <list>

#include "audio/container.h"
#include "audio/decoders.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 16384;  // frames that read_rest asks for at a time: they stay in the cache

// `count` zeros, in huge pages where the system has them on request: a song is some 20,000 small ones.
std::vector<float> zeros(size_t count) {
  constexpr size_t kHugePage = size_t{2} << 20;
  std::vector<float> values;
  values.reserve(count);
  auto* bytes = reinterpret_cast<char*>(values.data());
  const size_t size = count * sizeof(float), before = -reinterpret_cast<uintptr_t>(bytes) % kHugePage;
  if (size >= before + kHugePage) madvise(bytes + before, (size - before) / kHugePage * kHugePage, MADV_HUGEPAGE);
  values.resize(count);
  return values;
}

class MemoryReader : public AudioReader {
 public:
  MemoryReader(const Audio& audio, const std::string& name)
      : AudioReader({audio.sample_rate, audio.channels, audio.frames(), 1, false}, name), audio_(audio) {}

 private:
  Audio next(int64_t frames) override {
    const int64_t count = std::min(frames, audio_.frames() - position_);
    Audio block = part_of(audio_, position_, count);
    position_ += count;
    return block;
  }

  const Audio& audio_;
  int64_t position_ = 0;
};

// Pieces of each channel go back as soon as they are part of the whole: a vector that grows would take three times the
// memory.
Audio read_unknown(AudioReader& reader) {
  constexpr size_t piece = 1 << 20;  // samples
  Audio audio{reader.info().sample_rate, reader.info().channels, {}};
  std::vector<std::list<std::vector<float>>> channels(static_cast<size_t>(audio.channels));
  size_t count = 0;
  for (Audio block = reader.read(kBlock); block.frames() > 0; block = reader.read(kBlock)) {
    for (int c = 0; c < audio.channels; ++c) {
      auto& pieces = channels[static_cast<size_t>(c)];
      if (pieces.empty() || pieces.back().size() + kBlock > piece) pieces.emplace_back().reserve(piece);
      pieces.back().insert(pieces.back().end(), block.channel(c).begin(), block.channel(c).end());
    }
    count += static_cast<size_t>(block.frames());
  }
  audio.samples = zeros(count * channels.size());
  auto to = audio.samples.begin();
  for (auto& pieces : channels)
    for (; !pieces.empty(); pieces.pop_front()) to = std::copy(pieces.front().begin(), pieces.front().end(), to);
  return audio;
}

}  // namespace

void check_range(const std::string& name, int64_t start, int64_t frames, int64_t available) {
  check(start >= 0 && start < available && frames != 0 && frames <= available - start, "audio",
        "{}: too short: {} frames from frame {} asked for, it has {}", name,
        frames < 0 ? "all" : std::to_string(frames), start, available);
}

Audio AudioReader::read(int64_t frames) {
  Audio block = next(frames);
  check_finite(block, name_, position_);
  position_ += block.frames();
  return block;
}

std::unique_ptr<AudioReader> open_file(const fs::path& path, const std::string& name, int64_t start, int64_t frames) {
  const Container container = is_stem_file(path) ? Container{Decoder::libav} : inspect_container(path, name);
  if (container.decoder == Decoder::wav_to_end) {
    auto reader = open_wav(std::make_unique<ByteStream>(path, name));
    check_range(name, start, frames, reader->info().frames);
    return start == 0 && frames < 0 ? std::move(reader) : open_part(std::move(reader), start, frames);
  }
  if (container.decoder == Decoder::sound_file)
    if (auto reader = open_sound_file(path, name, start, frames, container.end)) return reader;
  return open_libav(path, name, start, frames);
}

std::unique_ptr<AudioReader> open_audio(const fs::path& path, int64_t start, int64_t frames) {
  check_input_file("audio", path);
  if (fs::is_regular_file(path)) return open_file(path, path.string(), start, frames);
  auto reader = open_bytes(std::make_unique<ByteStream>(path, path.string()));
  return start == 0 && frames < 0 ? std::move(reader) : open_part(std::move(reader), start, frames);
}

std::unique_ptr<AudioReader> open_memory(const Audio& audio, const std::string& name) {
  return std::make_unique<MemoryReader>(audio, name);
}

Audio read_rest(AudioReader& reader) {
  const AudioInfo info = reader.info();
  if (info.frames < 0) return read_unknown(reader);
  Audio audio{info.sample_rate, info.channels, zeros(static_cast<size_t>(info.frames * info.channels))};
  int64_t count = 0;
  while (true) {
    const Audio block = reader.read(kBlock);
    if (block.frames() == 0) break;
    for (int c = 0; c < audio.channels; ++c)
      std::copy(block.channel(c).begin(), block.channel(c).end(), audio.channel(c).begin() + count);
    count += block.frames();
  }
  return count == info.frames ? audio : part_of(audio, 0, count);
}

}  // namespace unmix
