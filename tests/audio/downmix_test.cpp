// Surround sound in two channels.
#include "audio/downmix.h"

#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::TemporaryFolder;

// Each channel holds one sample of 1, channel c at frame 10 c, so that a mix shows its factors.
Audio pulses(int channels) {
  Audio audio{44100, channels, std::vector<float>(static_cast<size_t>(1000 * channels))};
  for (int c = 0; c < channels; ++c) audio.channel(c)[static_cast<size_t>(10 * c)] = 0.5F;
  return audio;
}

struct Layout {
  const char* name;
  test::Encoding encoding;
  std::vector<float> left, right;  // factors of each channel
};

void PrintTo(const Layout& layout, std::ostream* stream) { *stream << layout.name; }

class EveryLayout : public ::testing::TestWithParam<Layout> {};

TEST_P(EveryLayout, IsMixedByItsPlaces) {
  const TemporaryFolder folder;
  const auto path = folder / GetParam().name;
  const auto channels = GetParam().left.size();
  test::write_encoded(path, {pulses(static_cast<int>(channels))}, GetParam().encoding);
  ASSERT_TRUE(can_downmix(audio_info(path)));
  const auto reader = open_downmix(open_audio(path));
  EXPECT_EQ(reader->info().channels, 2);
  const Audio mixed = read_rest(*reader);
  ASSERT_EQ(mixed.frames(), 1000);
  for (size_t c = 0; c < channels; ++c) {
    EXPECT_NEAR(mixed.channel(0)[10 * c], 0.5F * GetParam().left[c], 1e-4) << c;
    EXPECT_NEAR(mixed.channel(1)[10 * c], 0.5F * GetParam().right[c], 1e-4) << c;
  }
}

constexpr float kHalf = 0.70710678F;

INSTANTIATE_TEST_SUITE_P(
    Audio, EveryLayout,
    ::testing::Values(
        Layout{"six.wav", {"wav", "pcm_s16le", "s16"}, {1, 0, kHalf, 0, kHalf, 0}, {0, 1, kHalf, 0, 0, kHalf}},
        Layout{"six.flac", {"flac", "flac", "s16"}, {1, 0, kHalf, 0, kHalf, 0}, {0, 1, kHalf, 0, 0, kHalf}},
        Layout{"six.m4a", {"mp4", "alac", "s16p"}, {1, 0, kHalf, 0, kHalf, 0}, {0, 1, kHalf, 0, 0, kHalf}},
        Layout{"four.wav", {"wav", "pcm_s16le", "s16"}, {1, 0, kHalf, 0.5F}, {0, 1, kHalf, 0.5F}},
        Layout{"eight.wav",
               {"wav", "pcm_s16le", "s16"},
               {1, 0, kHalf, 0, kHalf, 0, kHalf, 0},
               {0, 1, kHalf, 0, 0, kHalf, 0, kHalf}}),
    [](const auto& test) {
      std::string name = test.param.name;
      name[name.find('.')] = '_';
      return name;
    });

TEST(Downmix, PlacesThatAreNotStatedAreNotGuessed) {
  EXPECT_FALSE(can_downmix({44100, 6, 100, 1, false, 0}));
  EXPECT_FALSE(can_downmix({44100, 6, 100, 1, false, 0x37}));    // five places of six channels
  EXPECT_FALSE(can_downmix({44100, 4, 100, 1, false, 0x5003}));  // heights
  EXPECT_TRUE(can_downmix({44100, 3, 100, 1, false, 0x7}));
  const TemporaryFolder folder;
  write_audio(folder / "plain.wav", pulses(6));  // libsndfile states no places
  EXPECT_FALSE(can_downmix(audio_info(folder / "plain.wav")));
}

}  // namespace
}  // namespace unmix
