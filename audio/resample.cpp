#include <soxr.h>

#include <cmath>

#include "audio/audio.h"
#include "base/error.h"

namespace unmix {

Audio resample(const Audio& audio, int sample_rate) {
  check(audio.sample_rate > 0 && sample_rate > 0, "audio", "cannot resample from {} Hz to {} Hz", audio.sample_rate,
        sample_rate);
  if (sample_rate == audio.sample_rate) return audio;
  const int64_t frames = std::llround(static_cast<double>(audio.frames()) * sample_rate / audio.sample_rate);
  check(frames > 0, "audio", "too short: {} frames at {} Hz are none at {} Hz", audio.frames(), audio.sample_rate,
        sample_rate);
  // Zeros stand where the resampler ends a frame early.
  Audio result{sample_rate, audio.channels, std::vector<float>(static_cast<size_t>(frames * audio.channels))};
  const auto type = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const auto quality = soxr_quality_spec(SOXR_VHQ, 0);
  for (int c = 0; c < audio.channels; ++c) {
    const auto from = audio.channel(c);
    const auto to = result.channel(c);
    const char* error = soxr_oneshot(audio.sample_rate, sample_rate, 1, from.data(), from.size(), nullptr, to.data(),
                                     to.size(), nullptr, &type, &quality, nullptr);
    check(error == nullptr, "audio", "resampling from {} Hz to {} Hz failed: {}", audio.sample_rate, sample_rate,
          error == nullptr ? "" : error);
  }
  return result;
}

}  // namespace unmix
