// Audio written block by block.
#pragma once

#include <memory>

#include "audio/audio.h"

namespace unmix {

struct OutputFormat {
  int sample_rate;  // Hz
  int channels;
  int64_t frames = -1;  // to come; -1: not known yet
  SampleFormat samples = SampleFormat::pcm16;
};

class AudioWriter {
 public:
  virtual ~AudioWriter() = default;

  void write(const Audio& block);  // planar, all finite
  virtual void finish() = 0;       // after the last block; without it a file does not appear

  // Samples outside -1..1 so far, where the format or (of OGG and MP3) a player clips them.
  int64_t clipped() const { return clipped_; }

 protected:
  AudioWriter(const OutputFormat& format, std::string name) : format_(format), name_(std::move(name)) {}
  // Of samples that are kept as integers of 16 or 24 bits: those bits, at the upper end. Otherwise the floats.
  virtual void write_integers(const std::vector<int>& interleaved) = 0;
  virtual void write_floats(const std::vector<float>& interleaved) = 0;

  OutputFormat format_;
  std::string name_;    // in messages
  int bits_ = 0;        // 0: floats, or an encoder that takes them
  bool keeps_ = false;  // samples outside -1..1

 private:
  int64_t clipped_ = 0;
  int64_t position_ = 0;
};

// A file as write_audio writes it; see there.
std::unique_ptr<AudioWriter> create_audio(const std::filesystem::path& path, const OutputFormat& format);

// WAV to a descriptor that cannot be sought, such as standard output. Where the length is not known the header states
// the largest, as programs do that write to a pipe.
std::unique_ptr<AudioWriter> create_wav_stream(int descriptor, const std::string& name, const OutputFormat& format);

}  // namespace unmix
