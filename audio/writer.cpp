#include "audio/writer.h"

#include <algorithm>
#include <cmath>

#include "audio/sound_file.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// Frames moved at a time. (libsndfile's Vorbis encoder overflows the stack when given a whole song.)
constexpr int64_t kChunk = 4096;

int file_format(const fs::path& path, const OutputFormat& format) {
  const std::string extension = path.extension().string();
  const int pcm = format.samples == SampleFormat::pcm16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24;
  if (extension == ".wav") {
    constexpr int64_t largest_riff = 0xF0000000;  // bytes; sizes are 32 bits in RIFF, 64 in RF64
    const int bytes = format.samples == SampleFormat::pcm16 ? 2 : format.samples == SampleFormat::pcm24 ? 3 : 4;
    const bool fits = format.frames >= 0 && format.frames * format.channels * bytes < largest_riff;
    return (fits ? SF_FORMAT_WAV : SF_FORMAT_RF64) | (format.samples == SampleFormat::floating ? SF_FORMAT_FLOAT : pcm);
  }
  if (extension == ".flac") {
    check(format.samples != SampleFormat::floating, "audio", "{}: FLAC has no float samples: pcm16 or pcm24",
          path.string());
    return SF_FORMAT_FLAC | pcm;
  }
  if (extension == ".ogg") return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
  if (extension == ".mp3") return SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  fail("audio", "{}: cannot write '{}' files: .wav, .flac, .ogg or .mp3", path.string(), extension);
}

class SoundFileWriter : public AudioWriter {
 public:
  SoundFileWriter(const fs::path& path, const OutputFormat& format)
      : AudioWriter(format, path.string()), target_(path) {
    SF_INFO info{};
    info.samplerate = format.sample_rate;
    info.channels = format.channels;
    info.format = file_format(path, format);
    check(sf_format_check(&info) != 0, "audio", "{}: {} files cannot hold {} channels at {} Hz", name_,
          path.extension().string(), format.channels, format.sample_rate);
    const int subtype = info.format & SF_FORMAT_SUBMASK;
    keeps_ = subtype == SF_FORMAT_FLOAT;
    bits_ = subtype == SF_FORMAT_PCM_16 ? 16 : subtype == SF_FORMAT_PCM_24 ? 24 : 0;
    file_.reset(sf_open(target_.temporary().c_str(), SFM_WRITE, &info));
    check(file_ != nullptr, "audio", "cannot write {}: {}", name_, sound_file_reason(nullptr));
    // The chunk of peaks holds the time of day.
    sf_command(file_.get(), SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
    // Of unknown length: a plain WAV after all where the file turns out to be small enough.
    if (format.frames < 0) sf_command(file_.get(), SFC_RF64_AUTO_DOWNGRADE, nullptr, SF_TRUE);
  }

  void finish() override {
    // Encoders and headers write their last bytes at the close.
    const int error = sf_close(file_.release());
    check(error == 0, "audio", "cannot write {}: {}", name_, sf_error_number(error));
    target_.commit();
  }

 private:
  void write_integers(const std::vector<int>& interleaved) override {
    verify(sf_write_int(file_.get(), interleaved.data(), static_cast<sf_count_t>(interleaved.size())), interleaved);
  }
  void write_floats(const std::vector<float>& interleaved) override {
    verify(sf_write_float(file_.get(), interleaved.data(), static_cast<sf_count_t>(interleaved.size())), interleaved);
  }
  template <class Samples>
  void verify(sf_count_t written, const Samples& wanted) const {
    check(written == static_cast<sf_count_t>(wanted.size()), "audio", "cannot write {}: {}", name_,
          sound_file_reason(file_.get()));
  }

  AtomicFile target_;
  SoundFile file_;
};

std::vector<float> interleaved(const Audio& audio, int64_t begin, int64_t end) {
  std::vector<float> samples;
  samples.reserve(static_cast<size_t>((end - begin) * audio.channels));
  for (int64_t t = begin; t < end; ++t)
    for (int c = 0; c < audio.channels; ++c) samples.push_back(audio.channel(c)[static_cast<size_t>(t)]);
  return samples;
}

// libsndfile's own conversion scales by 2^15 - 1, which would change 16-bit samples that are read and written again.
int to_integer(float sample, double scale) {
  return static_cast<int>(std::clamp(std::nearbyint(sample * scale), -scale, scale - 1));
}

}  // namespace

void AudioWriter::write(const Audio& block) {
  check_finite(block, name_, position_);
  position_ += block.frames();
  for (int64_t begin = 0; begin < block.frames(); begin += kChunk) {
    const std::vector<float> floats = interleaved(block, begin, std::min(begin + kChunk, block.frames()));
    if (!keeps_) clipped_ += std::count_if(floats.begin(), floats.end(), [](float x) { return std::fabs(x) > 1; });
    if (bits_ == 0) {
      write_floats(floats);
      continue;
    }
    const double scale = std::ldexp(1.0, bits_ - 1);
    std::vector<int> integers(floats.size());
    std::transform(floats.begin(), floats.end(), integers.begin(),
                   [&](float sample) { return to_integer(sample, scale) * (1 << (32 - bits_)); });
    write_integers(integers);
  }
}

std::unique_ptr<AudioWriter> create_audio(const fs::path& path, const OutputFormat& format) {
  return std::make_unique<SoundFileWriter>(path, format);
}

}  // namespace unmix
