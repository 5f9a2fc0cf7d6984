#include "audio/downmix.h"

#include <array>
#include <bit>
#include <numbers>

namespace unmix {
namespace {

struct Speaker {
  uint64_t bit;
  float left, right;
};

constexpr float kHalf = std::numbers::sqrt2_v<float> / 2;  // of the power
constexpr std::array<Speaker, 9> kSpeakers = {{
    {0x1, 1, 0},          // front left
    {0x2, 0, 1},          // front right
    {0x4, kHalf, kHalf},  // centre
    {0x8, 0, 0},          // low frequencies
    {0x10, kHalf, 0},     // back left
    {0x20, 0, kHalf},     // back right
    {0x100, 0.5F, 0.5F},  // back centre
    {0x200, kHalf, 0},    // side left
    {0x400, 0, kHalf},    // side right
}};

class DownmixReader : public AudioReader {
 public:
  explicit DownmixReader(std::unique_ptr<AudioReader> reader)
      : AudioReader(reader->info(), "the audio"), reader_(std::move(reader)) {
    for (const Speaker& speaker : kSpeakers)  // channels come in the order of their bits
      if ((info_.speakers & speaker.bit) != 0) channels_.push_back(speaker);
    info_.channels = 2;
    info_.speakers = 0x3;
    info_.pcm16 = false;
  }

 private:
  Audio next(int64_t frames) override {
    const Audio block = reader_->read(frames);
    const int64_t count = block.frames();
    Audio mixed{block.sample_rate, 2, std::vector<float>(static_cast<size_t>(2 * count))};
    for (size_t c = 0; c < channels_.size(); ++c) {
      const auto from = block.channel(static_cast<int>(c));
      for (int side = 0; side < 2; ++side) {
        const float factor = side == 0 ? channels_[c].left : channels_[c].right;
        const auto to = mixed.channel(side);
        if (factor == 0) continue;
        for (size_t t = 0; t < from.size(); ++t) to[t] += factor * from[t];
      }
    }
    return mixed;
  }

  std::unique_ptr<AudioReader> reader_;
  std::vector<Speaker> channels_;
};

}  // namespace

bool can_downmix(const AudioInfo& info) {
  uint64_t known = 0;
  for (const Speaker& speaker : kSpeakers) known |= speaker.bit;
  return (info.speakers & ~known) == 0 && (info.speakers & 0x3) == 0x3 && std::popcount(info.speakers) == info.channels;
}

std::unique_ptr<AudioReader> open_downmix(std::unique_ptr<AudioReader> reader) {
  return std::make_unique<DownmixReader>(std::move(reader));
}

}  // namespace unmix
