// WAV, FLAC, OGG, MP3 through libsndfile.
#include "audio/audio.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "audio/container.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// Frames moved at a time. (libsndfile's Vorbis encoder overflows the stack when given a whole song.)
constexpr int64_t kChunk = 4096;

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

// libsndfile's own words, without its trailing full stop and "Error :".
std::string reason(SNDFILE* file) {
  std::string text = sf_strerror(file);
  if (text.starts_with("Error : ")) text.erase(0, 8);
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  return text;
}

File open_file(const fs::path& path, SF_INFO& info) {
  check_input_file("audio", path);
  check_complete(path);
  File file(sf_open(path.c_str(), SFM_READ, &info));
  check(file != nullptr, "audio", "{}: not a readable WAV, FLAC, OGG or MP3 file ({})", path.string(), reason(nullptr));
  check(info.channels > 0, "audio", "{}: the file has no channels", path.string());
  check(info.samplerate > 0, "audio", "{}: the sample rate is {}", path.string(), info.samplerate);
  check(info.frames > 0, "audio", "{}: the file holds no samples", path.string());
  return file;
}

void check_range(const fs::path& path, int64_t start, int64_t frames, int64_t available) {
  check(start >= 0 && start < available && frames != 0 && frames <= available - start, "audio",
        "{}: too short: {} frames from frame {} asked for, it has {}", path.string(),
        frames < 0 ? "all" : std::to_string(frames), start, available);
}

Audio part_of(const Audio& whole, int64_t start, int64_t frames) {
  Audio part{whole.sample_rate, whole.channels, {}};
  for (int c = 0; c < whole.channels; ++c) {
    const auto source = whole.channel(c).subspan(static_cast<size_t>(start), static_cast<size_t>(frames));
    part.samples.insert(part.samples.end(), source.begin(), source.end());
  }
  return part;
}

int file_format(const fs::path& path, SampleFormat format, int64_t samples) {
  const std::string extension = path.extension().string();
  const int pcm = format == SampleFormat::pcm16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24;
  if (extension == ".wav") {
    constexpr int64_t largest_riff = 0xF0000000;  // bytes; sizes are 32 bits in RIFF, 64 in RF64
    const int bytes = format == SampleFormat::pcm16 ? 2 : format == SampleFormat::pcm24 ? 3 : 4;
    return (samples * bytes < largest_riff ? SF_FORMAT_WAV : SF_FORMAT_RF64) |
           (format == SampleFormat::floating ? SF_FORMAT_FLOAT : pcm);
  }
  if (extension == ".flac") {
    check(format != SampleFormat::floating, "audio", "{}: FLAC has no float samples: pcm16 or pcm24", path.string());
    return SF_FORMAT_FLAC | pcm;
  }
  if (extension == ".ogg") return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
  if (extension == ".mp3") return SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  fail("audio", "{}: cannot write '{}' files: .wav, .flac, .ogg or .mp3", path.string(), extension);
}

// libsndfile's own conversion scales by 2^15 - 1, which would change 16-bit samples that are read and written again.
int to_integer(float sample, double scale) {
  return static_cast<int>(std::clamp(std::nearbyint(sample * scale), -scale, scale - 1));
}

// Interleaves frames begin..end, as floats or as integers in the upper bits.
sf_count_t write_chunk(SNDFILE* file, const Audio& audio, int subtype, int64_t begin, int64_t end) {
  const size_t count = static_cast<size_t>((end - begin) * audio.channels);
  std::vector<float> floats(count);
  size_t next = 0;
  for (int64_t t = begin; t < end; ++t) {
    for (int c = 0; c < audio.channels; ++c) floats[next++] = audio.channel(c)[static_cast<size_t>(t)];
  }
  if (subtype != SF_FORMAT_PCM_16 && subtype != SF_FORMAT_PCM_24) {
    return sf_writef_float(file, floats.data(), end - begin);
  }
  const int bits = subtype == SF_FORMAT_PCM_16 ? 16 : 24;
  std::vector<int> integers(count);
  std::transform(floats.begin(), floats.end(), integers.begin(),
                 [bits](float sample) { return to_integer(sample, std::ldexp(1.0, bits - 1)) * (1 << (32 - bits)); });
  return sf_writef_int(file, integers.data(), end - begin);
}

void write_samples(const fs::path& temporary, const fs::path& path, const Audio& audio, int format) {
  SF_INFO info{};
  info.samplerate = audio.sample_rate;
  info.channels = audio.channels;
  info.format = format;
  check(sf_format_check(&info) != 0, "audio", "{}: {} files cannot hold {} channels at {} Hz", path.string(),
        path.extension().string(), audio.channels, audio.sample_rate);
  File file(sf_open(temporary.c_str(), SFM_WRITE, &info));
  check(file != nullptr, "audio", "cannot write {}: {}", path.string(), reason(nullptr));
  for (int64_t begin = 0; begin < audio.frames(); begin += kChunk) {
    const int64_t end = std::min(begin + kChunk, audio.frames());
    const sf_count_t written = write_chunk(file.get(), audio, format & SF_FORMAT_SUBMASK, begin, end);
    check(written == end - begin, "audio", "cannot write {}: {}", path.string(), reason(file.get()));
  }
  // Encoders and headers write their last bytes at the close.
  const int error = sf_close(file.release());
  check(error == 0, "audio", "cannot write {}: {}", path.string(), sf_error_number(error));
}

}  // namespace

bool is_stem_file(const fs::path& path) { return path.filename().string().ends_with(".stem.mp4"); }

void check_finite(const Audio& audio, const std::string& name) {
  const auto bad = std::find_if(audio.samples.begin(), audio.samples.end(), [](float x) { return !std::isfinite(x); });
  if (bad == audio.samples.end()) return;
  const int64_t index = bad - audio.samples.begin();
  fail("audio", "{}: sample {} of channel {} is {}, not a finite number", name, index % audio.frames(),
       index / audio.frames() + 1, *bad);
}

AudioInfo audio_info(const fs::path& path) {
  if (is_stem_file(path)) return stem_info(path);
  SF_INFO info{};
  open_file(path, info);
  return {info.samplerate, info.channels, info.frames, 1, (info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16};
}

Audio read_audio(const fs::path& path, int64_t start, int64_t frames) {
  if (is_stem_file(path)) {
    const Audio mixture = std::move(read_stems(path).front());
    check_range(path, start, frames, mixture.frames());
    return part_of(mixture, start, frames < 0 ? mixture.frames() - start : frames);
  }
  SF_INFO info{};
  const File file = open_file(path, info);
  check_range(path, start, frames, info.frames);
  const int64_t count = frames < 0 ? info.frames - start : frames;
  Audio audio{info.samplerate, info.channels, std::vector<float>(static_cast<size_t>(count * info.channels))};
  check(sf_seek(file.get(), start, SEEK_SET) == start, "audio", "{}: the file is corrupt ({})", path.string(),
        reason(file.get()));
  std::vector<float> chunk(static_cast<size_t>(kChunk * info.channels));
  for (int64_t done = 0; done < count;) {
    const int64_t read = sf_readf_float(file.get(), chunk.data(), std::min(kChunk, count - done));
    check(read > 0 && sf_error(file.get()) == SF_ERR_NO_ERROR, "audio",
          "{}: the file is truncated or corrupt: {} of {} frames can be read", path.string(), start + done,
          info.frames);
    for (int64_t i = 0; i < read * info.channels; ++i) {
      audio.channel(static_cast<int>(i % info.channels))[static_cast<size_t>(done + i / info.channels)] =
          chunk[static_cast<size_t>(i)];
    }
    done += read;
  }
  check_finite(audio, path.string());
  return audio;
}

int64_t write_audio(const fs::path& path, const Audio& audio, SampleFormat format) {
  check(audio.channels > 0 && audio.frames() > 0, "audio", "cannot write {}: there are no samples", path.string());
  check_finite(audio, path.string());
  const int type = file_format(path, format, static_cast<int64_t>(audio.samples.size()));
  write_atomically(path, [&](const fs::path& temporary) { write_samples(temporary, path, audio, type); });
  const int subtype = type & SF_FORMAT_SUBMASK;
  if (subtype != SF_FORMAT_PCM_16 && subtype != SF_FORMAT_PCM_24) return 0;
  return std::count_if(audio.samples.begin(), audio.samples.end(), [](float x) { return std::fabs(x) > 1; });
}

}  // namespace unmix
