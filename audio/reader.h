// Audio read block by block: memory does not depend on its length.
#pragma once

#include <cstdio>
#include <memory>

#include "audio/audio.h"

namespace unmix {

class AudioReader {
 public:
  virtual ~AudioReader() = default;

  // frames: those still to come, -1 where only the end will tell.
  const AudioInfo& info() const { return info_; }

  // The next frames, all finite: `frames` of them, fewer at the end, none after it.
  Audio read(int64_t frames);

 protected:
  AudioReader(AudioInfo info, std::string name) : info_(info), name_(std::move(name)) {}
  virtual Audio next(int64_t frames) = 0;

  AudioInfo info_;
  std::string name_;  // in messages

 private:
  int64_t position_ = 0;
};

// Of a file, frames start .. start + frames (-1: to the end), as read_audio gives them.
std::unique_ptr<AudioReader> open_audio(const std::filesystem::path& path, int64_t start = 0, int64_t frames = -1);

// Of audio in memory, which must outlive the reader.
std::unique_ptr<AudioReader> open_memory(const Audio& audio, const std::string& name);

// Of what can be read only once, such as standard input, without closing it. WAV (PCM of 8, 16, 24 or 32 bits, floats
// of 32 or 64) is read as it comes; a header that states no length, as programs write it that do not know it yet,
// means: to the end. The bytes of other formats go to a nameless temporary file first.
std::unique_ptr<AudioReader> open_stream(int descriptor, const std::string& name);

// Frames start .. start + frames (-1: to the end) of what the reader gives; throws where it ends before `start`.
std::unique_ptr<AudioReader> open_part(std::unique_ptr<AudioReader> reader, int64_t start, int64_t frames = -1);

// Audio that can be read once only, kept in a nameless temporary file (4 bytes a sample) to be read several times.
class AudioSpool {
 public:
  explicit AudioSpool(AudioReader& reader);   // reads all of it; throws where it holds no samples
  std::unique_ptr<AudioReader> open() const;  // from the start

 private:
  AudioInfo info_;
  std::shared_ptr<std::FILE> file_;
};

// All that the reader still has.
Audio read_rest(AudioReader& reader);

}  // namespace unmix
