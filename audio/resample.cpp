#include <soxr.h>

#include <algorithm>
#include <cmath>

#include "audio/resampler.h"
#include "base/error.h"

namespace unmix {
namespace {

void verify(const char* error, int from, int to) {
  check(error == nullptr, "audio", "resampling from {} Hz to {} Hz failed: {}", from, to,
        error == nullptr ? "" : error);
}

int64_t rounded_frames(int64_t frames, int from, int to) {
  return std::llround(static_cast<double>(frames) * to / from);
}

}  // namespace

int64_t resampled_frames(int64_t frames, int from, int to) {
  const int64_t result = rounded_frames(frames, from, to);
  check(result > 0, "audio", "too short: {} frames at {} Hz are none at {} Hz", frames, from, to);
  return result;
}

void Resampler::Delete::operator()(soxr* state) const { soxr_delete(state); }

Resampler::Resampler(int from, int to, int channels) : from_(from), to_(to), channels_(channels) {
  check(from > 0 && to > 0, "audio", "cannot resample from {} Hz to {} Hz", from, to);
  if (from == to) return;
  const auto type = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const auto quality = soxr_quality_spec(SOXR_VHQ, 0);
  for (int c = 0; c < channels; ++c) {
    const char* error = nullptr;
    states_.emplace_back(soxr_create(from, to, 1, &error, &type, &quality, nullptr));
    verify(error, from, to);
  }
}

Audio Resampler::process(const Audio& block) {
  taken_ += block.frames();
  if (block.frames() == 0) return {to_, channels_, {}};  // to the library it would be the end
  return states_.empty() ? block : run(block, false);
}

Audio Resampler::finish() {
  if (states_.empty()) return {to_, channels_, {}};
  const int64_t frames = std::max(given_, rounded_frames(taken_, from_, to_));
  const Audio rest = run({from_, channels_, {}}, true);
  Audio exact{to_, channels_, std::vector<float>(static_cast<size_t>((frames - given_) * channels_))};
  for (int c = 0; c < channels_; ++c) {
    const auto samples = rest.channel(c).first(static_cast<size_t>(std::min(frames - given_, rest.frames())));
    std::copy(samples.begin(), samples.end(), exact.channel(c).begin());
  }
  return exact;
}

Audio Resampler::run(const Audio& block, bool last) {
  const int64_t room = block.frames() * to_ / from_ + 4096;
  Audio result{to_, channels_, {}};
  std::vector<float> part(static_cast<size_t>(room));
  for (int c = 0; c < channels_; ++c) {
    const auto samples = block.channel(c);
    size_t used = 0;
    while (true) {
      size_t taken = 0, made = 0;
      const float* from = last ? nullptr : samples.data() + used;
      verify(soxr_process(states_[static_cast<size_t>(c)].get(), from, samples.size() - used, &taken, part.data(),
                          part.size(), &made),
             from_, to_);
      used += taken;
      result.samples.insert(result.samples.end(), part.begin(), part.begin() + static_cast<int64_t>(made));
      if (made < part.size() && used == samples.size()) break;
    }
  }
  // The end may bring some frames more than there are to give.
  if (!last) given_ += result.frames();
  return result;
}

Audio resample(const Audio& audio, int sample_rate) {
  Resampler resampler(audio.sample_rate, sample_rate, audio.channels);
  if (sample_rate == audio.sample_rate) return audio;
  resampled_frames(audio.frames(), audio.sample_rate, sample_rate);  // throws where nothing would be left
  Audio result = resampler.process(audio);
  append(result, resampler.finish());
  return result;
}

}  // namespace unmix
