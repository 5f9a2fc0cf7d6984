#include "tests/support/bss_signals.h"

#include <algorithm>
#include <cmath>

namespace unmix::test {
namespace {

std::vector<float> noise(uint32_t seed, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values.push_back((static_cast<float>(seed >> 16) - 32768.0f) / 32768.0f);
  }
  return values;
}

float delayed(std::span<const float> signal, int64_t t, int64_t samples) {
  return t < samples ? 0.0f : signal[static_cast<size_t>(t - samples)];
}

void change(std::vector<Audio>& references, const std::string& special) {
  Audio& second = references[1];
  const auto copy_left = [](Audio& audio) { std::ranges::copy(audio.channel(0), audio.channel(1).begin()); };
  for (int c = 0; c < second.channels; ++c) {
    const std::span<float> to = second.channel(c);
    if (special == "silent") std::fill(to.begin() + 6000, to.begin() + 13000, 0.0f);
    if (special == "near-singular")
      std::ranges::transform(references[0].channel(c), to, to.begin(),
                             [](float a, float b) { return a + std::floor(b * 256) / 131072; });
  }
  if (special == "mono stem") copy_left(second);
  if (special == "mono stems") std::ranges::for_each(references, copy_left);
  if (special == "silent channel") std::ranges::fill(second.channel(1), 0.0f);
}

}  // namespace

BssCase bss_signals(int sources, int channels, int64_t frames, const std::string& special) {
  constexpr int rate = 8000;
  const Audio empty{rate, channels, std::vector<float>(static_cast<size_t>(channels * frames))};
  BssCase result{std::vector<Audio>(static_cast<size_t>(sources), empty), {}};
  for (int j = 0; j < sources; ++j)
    for (int c = 0; c < channels; ++c) {
      const std::vector<float> white = noise(static_cast<uint32_t>(1 + j * channels + c), frames);
      const std::span<float> to = result.references[static_cast<size_t>(j)].channel(c);
      for (int64_t t = 0; t < frames; ++t)
        to[static_cast<size_t>(t)] = (white[static_cast<size_t>(t)] + delayed(white, t, 1 + j)) / 4;
    }
  change(result.references, special);
  for (int j = 0; j < sources; ++j) {
    const Audio &own = result.references[static_cast<size_t>(j)],
                &next = result.references[static_cast<size_t>((j + 1) % sources)];
    Audio& estimate = result.estimates.emplace_back(empty);
    for (int c = 0; c < channels; ++c) {
      const std::vector<float> added = noise(static_cast<uint32_t>(1001 + j * channels + c), frames);
      for (int64_t t = 0; t < frames; ++t)
        estimate.channel(c)[static_cast<size_t>(t)] = 0.75f * own.channel(c)[static_cast<size_t>(t)] +
                                                      0.25f * delayed(next.channel(c), t, 2) +
                                                      added[static_cast<size_t>(t)] / 64;
    }
  }
  if (special == "reversed") std::ranges::reverse(result.estimates);
  return result;
}

}  // namespace unmix::test
