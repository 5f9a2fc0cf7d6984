#include "audio/sound_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "audio/decoders.h"
#include "base/check_call.h"
#include "base/error.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// WAV's bit of each of libsndfile's places, 0 for those that WAV does not have.
uint64_t speaker_bit(int place) {
  switch (place) {
    case SF_CHANNEL_MAP_LEFT:
    case SF_CHANNEL_MAP_FRONT_LEFT: return 0x1;
    case SF_CHANNEL_MAP_RIGHT:
    case SF_CHANNEL_MAP_FRONT_RIGHT: return 0x2;
    case SF_CHANNEL_MAP_CENTER:
    case SF_CHANNEL_MAP_MONO:
    case SF_CHANNEL_MAP_FRONT_CENTER: return 0x4;
    case SF_CHANNEL_MAP_LFE: return 0x8;
    case SF_CHANNEL_MAP_REAR_LEFT: return 0x10;
    case SF_CHANNEL_MAP_REAR_RIGHT: return 0x20;
    case SF_CHANNEL_MAP_FRONT_LEFT_OF_CENTER: return 0x40;
    case SF_CHANNEL_MAP_FRONT_RIGHT_OF_CENTER: return 0x80;
    case SF_CHANNEL_MAP_REAR_CENTER: return 0x100;
    case SF_CHANNEL_MAP_SIDE_LEFT: return 0x200;
    case SF_CHANNEL_MAP_SIDE_RIGHT: return 0x400;
    default: return 0;
  }
}

// 0 unless every channel has its own place and they come in WAV's order. FLAC's own places are fixed.
uint64_t speakers_of(SNDFILE* file, const SF_INFO& info) {
  constexpr std::array<uint64_t, 9> flac = {0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F};
  const int channels = info.channels;
  if ((info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC) return flac.at(static_cast<size_t>(channels));
  std::vector<int> map(static_cast<size_t>(channels));
  const auto bytes = static_cast<int>(map.size() * sizeof(int));
  if (sf_command(file, SFC_GET_CHANNEL_MAP_INFO, map.data(), bytes) == SF_FALSE) return 0;
  uint64_t speakers = 0;
  for (const int place : map) {
    const uint64_t bit = speaker_bit(place);
    if (bit <= speakers) return 0;
    speakers |= bit;
  }
  return speakers;
}

// The first bytes of a file as a file of their own.
class FileStart {
 public:
  FileStart(int descriptor, uint64_t end) : descriptor_(descriptor), end_(static_cast<sf_count_t>(end)) {}
  ~FileStart() { ::close(descriptor_); }
  FileStart(const FileStart&) = delete;
  FileStart& operator=(const FileStart&) = delete;

  SF_VIRTUAL_IO functions() const {
    return {[](void* self) { return of(self).end_; },
            [](sf_count_t offset, int whence, void* self) { return of(self).seek(offset, whence); },
            [](void* to, sf_count_t count, void* self) { return of(self).read(to, count); },
            [](const void*, sf_count_t, void*) { return sf_count_t{0}; },
            [](void* self) { return of(self).position_; }};
  }

 private:
  static FileStart& of(void* self) { return *static_cast<FileStart*>(self); }

  sf_count_t seek(sf_count_t offset, int whence) {
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position_ : end_;
    return position_ = std::clamp<sf_count_t>(from + offset, 0, end_);
  }
  sf_count_t read(void* to, sf_count_t count) {
    const ssize_t got = ::pread(descriptor_, to, static_cast<size_t>(std::min(count, end_ - position_)), position_);
    position_ += std::max<ssize_t>(got, 0);
    return std::max<ssize_t>(got, 0);
  }

  int descriptor_;
  sf_count_t end_, position_ = 0;
};

class SoundFileReader : public AudioReader {
 public:
  SoundFileReader(std::unique_ptr<FileStart> part, SoundFile file, const SF_INFO& info, const std::string& name,
                  int64_t start, int64_t frames)
      : AudioReader({}, name), part_(std::move(part)), file_(std::move(file)), position_(start) {
    check(info.channels > 0, "audio", "{}: the file has no channels", name_);
    check(info.samplerate > 0, "audio", "{}: the sample rate is {}", name_, info.samplerate);
    check(info.frames > 0, "audio", "{}: the file holds no samples", name_);
    check_range(name, start, frames, info.frames);
    end_ = frames < 0 ? info.frames : start + frames;
    stated_ = info.frames;
    const int type = info.format & SF_FORMAT_SUBMASK;
    exact_ = type == SF_FORMAT_PCM_16 || type == SF_FORMAT_PCM_24;
    info_ = {info.samplerate, info.channels, end_ - start, 1, type == SF_FORMAT_PCM_16, speakers_of(file_.get(), info)};
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

  std::unique_ptr<FileStart> part_;  // none: the whole file
  SoundFile file_;
  int64_t position_, end_ = 0, stated_ = 0;
  std::vector<float> floats_;
  // Integers of up to 24 bits come with the highest bit for the sign's, so that one factor fits them all, and are exact
  // as floats; libsndfile's own conversion takes longer than reading them.
  bool exact_ = false;
  std::vector<int> integers_;
};

}  // namespace

std::string sound_file_reason(SNDFILE* file) {
  std::string text = sf_strerror(file);
  if (text.starts_with("Error : ")) text.erase(0, 8);
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  return text;
}

std::unique_ptr<AudioReader> open_sound_file(const fs::path& path, const std::string& name, int64_t start,
                                             int64_t frames, uint64_t end) {
  SF_INFO info{};
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  check_call(descriptor >= 0, "audio", "cannot read {}", name);
  // Not by the path, whose extension would make MPEG audio of anything.
  SoundFile file;
  std::unique_ptr<FileStart> part;
  if (end == UINT64_MAX) {
    file.reset(sf_open_fd(descriptor, SFM_READ, &info, SF_TRUE));
  } else {
    part = std::make_unique<FileStart>(descriptor, end);
    SF_VIRTUAL_IO functions = part->functions();
    file.reset(sf_open_virtual(&functions, SFM_READ, &info, part.get()));
  }
  if (!file) {
    const int error = sf_error(nullptr);
    check(error == SF_ERR_UNRECOGNISED_FORMAT || error == SF_ERR_UNSUPPORTED_ENCODING, "audio",
          "{}: not a readable audio file ({})", name, sound_file_reason(nullptr));
    return nullptr;
  }
  const int type = info.format & SF_FORMAT_TYPEMASK;
  const bool estimated = type == SF_FORMAT_MPEG || info.frames == SF_COUNT_MAX;
  // Vorbis has an order of channels of its own, which libav changes to the usual one.
  if (estimated || (type == SF_FORMAT_OGG && info.channels > 2)) return nullptr;
  return std::make_unique<SoundFileReader>(std::move(part), std::move(file), info, name, start, frames);
}

}  // namespace unmix
