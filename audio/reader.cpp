#include "audio/reader.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>

#include "audio/container.h"
#include "audio/sound_file.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 16384;  // frames that read_rest asks for at a time: they stay in the cache

class SoundFileReader : public AudioReader {
 public:
  SoundFileReader(const fs::path& path, int64_t start, int64_t frames)
      : AudioReader({}, path.string()), position_(start) {
    SF_INFO info{};
    check_input_file("audio", path);
    check_complete(path);
    file_.reset(sf_open(path.c_str(), SFM_READ, &info));
    check(file_ != nullptr, "audio", "{}: not a readable WAV, FLAC, OGG or MP3 file ({})", name_,
          sound_file_reason(nullptr));
    check(info.channels > 0, "audio", "{}: the file has no channels", name_);
    check(info.samplerate > 0, "audio", "{}: the sample rate is {}", name_, info.samplerate);
    check(info.frames > 0, "audio", "{}: the file holds no samples", name_);
    check_range(path, start, frames, info.frames);
    end_ = frames < 0 ? info.frames : start + frames;
    stated_ = info.frames;
    const int type = info.format & SF_FORMAT_SUBMASK;
    exact_ = type == SF_FORMAT_PCM_16 || type == SF_FORMAT_PCM_24;
    info_ = {info.samplerate, info.channels, end_ - start, 1, type == SF_FORMAT_PCM_16};
    check(start == 0 || sf_seek(file_.get(), start, SEEK_SET) == start, "audio", "{}: the file is corrupt ({})", name_,
          sound_file_reason(file_.get()));
  }

 private:
  Audio next(int64_t frames) override {
    const int64_t count = std::min(frames, end_ - position_);
    Audio block{info_.sample_rate, info_.channels, std::vector<float>(static_cast<size_t>(count * info_.channels))};
    if (exact_) {
      read_planar(integers_, count, sf_readf_int, 0x1p-31f, block.samples.data());
    } else {
      read_planar(floats_, count, sf_readf_float, 1.0f, block.samples.data());
    }
    position_ += count;
    return block;
  }

  template <class Sample>
  void read_planar(std::vector<Sample>& interleaved, int64_t count,
                   sf_count_t (*read_frames)(SNDFILE*, Sample*, sf_count_t), float scale, float* to) {
    const int64_t channels = info_.channels;
    interleaved.resize(static_cast<size_t>(count * channels));
    for (int64_t done = 0; done < count;) {
      const int64_t read = read_frames(file_.get(), interleaved.data() + done * channels, count - done);
      check(read > 0 && sf_error(file_.get()) == SF_ERR_NO_ERROR, "audio",
            "{}: the file is truncated or corrupt: {} of {} frames can be read", name_, position_ + done, stated_);
      done += read;
    }
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t t = 0; t < count; ++t)
        to[c * count + t] = scale * static_cast<float>(interleaved[static_cast<size_t>(t * channels + c)]);
  }

  SoundFile file_;
  int64_t position_, end_ = 0, stated_ = 0;
  std::vector<float> floats_;
  // Integers of up to 24 bits come with the highest bit for the sign's, so that one factor fits them all, and are exact
  // as floats; libsndfile's own conversion takes longer than reading them.
  bool exact_ = false;
  std::vector<int> integers_;
};

// `count` zeros, in huge pages where the system has them on request: a song is some 20,000 small ones.
std::vector<float> zeros(size_t count) {
  constexpr uintptr_t kHugePage = uintptr_t{2} << 20;
  std::vector<float> values;
  values.reserve(count);
  const auto begin = (reinterpret_cast<uintptr_t>(values.data()) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = reinterpret_cast<uintptr_t>(values.data() + count) / kHugePage * kHugePage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
  values.resize(count);
  return values;
}

// Gives each channel room for `to` frames, with the first `count` of them as they are.
void make_room(Audio& audio, int64_t count, int64_t to) {
  if (audio.frames() == to) return;
  Audio larger{audio.sample_rate, audio.channels, zeros(static_cast<size_t>(to * audio.channels))};
  for (int c = 0; c < audio.channels; ++c)
    std::copy_n(audio.channel(c).begin(), count, larger.channel(c).begin());
  audio = std::move(larger);
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

}  // namespace

std::string sound_file_reason(SNDFILE* file) {
  std::string text = sf_strerror(file);
  if (text.starts_with("Error : ")) text.erase(0, 8);
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  return text;
}

void check_range(const fs::path& path, int64_t start, int64_t frames, int64_t available) {
  check(start >= 0 && start < available && frames != 0 && frames <= available - start, "audio",
        "{}: too short: {} frames from frame {} asked for, it has {}", path.string(),
        frames < 0 ? "all" : std::to_string(frames), start, available);
}

Audio AudioReader::read(int64_t frames) {
  Audio block = next(frames);
  check_finite(block, name_, position_);
  position_ += block.frames();
  return block;
}

std::unique_ptr<AudioReader> open_audio(const fs::path& path, int64_t start, int64_t frames) {
  if (!is_stem_file(path)) return std::make_unique<SoundFileReader>(path, start, frames);
  return open_stem_mixture(path, start, frames);
}

std::unique_ptr<AudioReader> open_memory(const Audio& audio, const std::string& name) {
  return std::make_unique<MemoryReader>(audio, name);
}

Audio read_rest(AudioReader& reader) {
  Audio audio{reader.info().sample_rate, reader.info().channels, {}};
  make_room(audio, 0, std::max<int64_t>(0, reader.info().frames));
  int64_t count = 0;
  while (true) {
    const Audio block = reader.read(kBlock);
    if (block.frames() == 0) break;
    if (count + block.frames() > audio.frames()) make_room(audio, count, count + std::max(count, block.frames()));
    for (int c = 0; c < audio.channels; ++c)
      std::copy(block.channel(c).begin(), block.channel(c).end(), audio.channel(c).begin() + count);
    count += block.frames();
  }
  make_room(audio, count, count);
  return audio;
}

}  // namespace unmix
