// Audio files as a whole.
#include "audio/audio.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "audio/decoders.h"
#include "audio/writer.h"
#include "base/error.h"

namespace unmix {
namespace fs = std::filesystem;

bool is_stem_file(const fs::path& path) {
  std::string name = path.filename().string();
  for (char& letter : name) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  return name.ends_with(".stem.mp4") || name.ends_with(".stem.m4a");
}

Audio part_of(const Audio& audio, int64_t start, int64_t frames) {
  Audio part{audio.sample_rate, audio.channels, {}};
  part.samples.reserve(static_cast<size_t>(frames * audio.channels));
  for (int c = 0; c < audio.channels; ++c) {
    const auto source = audio.channel(c).subspan(static_cast<size_t>(start), static_cast<size_t>(frames));
    part.samples.insert(part.samples.end(), source.begin(), source.end());
  }
  return part;
}

void append(Audio& audio, const Audio& more) {
  if (more.frames() == 0) return;
  Audio joined{audio.sample_rate, audio.channels, {}};
  joined.samples.reserve(audio.samples.size() + more.samples.size());
  for (int c = 0; c < audio.channels; ++c)
    for (const Audio* part : {static_cast<const Audio*>(&audio), &more})
      joined.samples.insert(joined.samples.end(), part->channel(c).begin(), part->channel(c).end());
  audio = std::move(joined);
}

void check_finite(const Audio& audio, const std::string& name, int64_t start) {
  // As integers and without a way out of the loop, so that the compiler makes vectors of it.
  uint32_t largest = 0;
  for (const float x : audio.samples) largest = std::max(largest, std::bit_cast<uint32_t>(std::abs(x)));
  if (largest <= std::bit_cast<uint32_t>(std::numeric_limits<float>::max())) return;
  const auto bad = std::find_if(audio.samples.begin(), audio.samples.end(), [](float x) { return !std::isfinite(x); });
  const int64_t index = bad - audio.samples.begin();
  fail("audio", "{}: sample {} of channel {} is {}, not a finite number", name, start + index % audio.frames(),
       index / audio.frames() + 1, *bad);
}

AudioInfo audio_info(const fs::path& path) {
  check(!fs::exists(path) || fs::is_regular_file(path) || fs::is_directory(path), "audio",
        "{}: it can be read only once, and its length is not known before", path.string());
  AudioInfo info = open_audio(path)->info();
  if (info.frames < 0) info.frames = count_libav_frames(path, path.string());
  return info;
}

Audio read_audio(const fs::path& path, int64_t start, int64_t frames) {
  Audio audio = read_rest(*open_audio(path, start, frames));
  check_range(path.string(), start, frames, start + audio.frames());
  return audio;
}

int64_t write_audio(const fs::path& path, const Audio& audio, SampleFormat format) {
  check(audio.channels > 0 && audio.frames() > 0, "audio", "cannot write {}: there are no samples", path.string());
  check_finite(audio, path.string());
  const auto writer = create_audio(path, {audio.sample_rate, audio.channels, audio.frames(), format});
  writer->write(audio);
  writer->finish();
  return writer->clipped();
}

}  // namespace unmix
