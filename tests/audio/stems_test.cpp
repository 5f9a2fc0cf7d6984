#include <cmath>

#include "audio/audio.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using test::write_stem_file;
using ::testing::HasSubstr;

std::vector<Audio> five_tones(int64_t frames) {
  std::vector<Audio> stems;
  for (int s = 0; s < 5; ++s) stems.push_back(test::tone(44100, 2, frames, 300 + 170 * s));
  return stems;
}

// Mean square of a[t + lag] - b[t] away from the ends, where the codec starts up.
double difference(const Audio& a, const Audio& b, int64_t lag = 0) {
  double sum = 0;
  const int64_t end = std::min(a.frames(), b.frames()) - 2048;
  for (int c = 0; c < a.channels; ++c) {
    for (int64_t t = 2048; t < end; ++t) sum += std::pow(a.channel(c)[t + lag] - b.channel(c)[t], 2);
  }
  return sum / static_cast<double>(a.channels * (end - 2048));
}

TEST(StemFile, StreamsComeInOrderAndInTime) {
  const TemporaryFolder folder;
  const std::vector<Audio> stems = five_tones(44100);
  write_stem_file(folder / "a.stem.mp4", stems);
  const AudioInfo info = audio_info(folder / "a.stem.mp4");
  EXPECT_EQ(info.stems, 5);
  EXPECT_EQ(info.channels, 2);
  EXPECT_EQ(info.sample_rate, 44100);
  const std::vector<Audio> decoded = read_stems(folder / "a.stem.mp4");
  EXPECT_EQ(info.frames, decoded[0].frames());
  ASSERT_EQ(decoded.size(), 5U);
  for (size_t s = 0; s < 5; ++s) {
    ASSERT_EQ(decoded[s].channels, 2);
    EXPECT_GE(decoded[s].frames(), 44100);
    // The encoder's delay is skipped to the frame.
    const double aligned = difference(decoded[s], stems[s]);
    for (const int64_t lag : {-2, -1, 1, 2}) EXPECT_LT(aligned, difference(decoded[s], stems[s], lag)) << s;
    EXPECT_LT(aligned, 1e-3) << s;
    EXPECT_GT(difference(decoded[s], stems[(s + 1) % 5]), 0.1) << s;
  }
}

TEST(StemFile, ReadAsOneFileItIsTheMixture) {
  const TemporaryFolder folder;
  write_stem_file(folder / "a.stem.mp4", five_tones(20000));
  const Audio mixture = read_stems(folder / "a.stem.mp4")[0];
  EXPECT_EQ(read_audio(folder / "a.stem.mp4").samples, mixture.samples);
  const Audio part = read_audio(folder / "a.stem.mp4", 100, 50);
  EXPECT_TRUE(std::ranges::equal(part.channel(1), mixture.channel(1).subspan(100, 50)));
  EXPECT_THAT(error_of([&] { read_audio(folder / "a.stem.mp4", 0, 30000); }), HasSubstr("too short"));
}

TEST(StemFile, EveryCodecAndNameIsRead) {
  const TemporaryFolder folder;
  std::vector<Audio> stems;
  for (unsigned s = 0; s < 5; ++s) stems.push_back(test::noise(44100, 2, 10001, s + 1));
  for (const char* name : {"a.stem.mp4", "a.stem.m4a", "A.STEM.MP4"})
    for (const char* samples : {"s16p", "s32p"}) {
      ASSERT_TRUE(is_stem_file(name));
      write_stem_file(folder / name, stems, {"mp4", "alac", samples});
      const std::vector<Audio> decoded = read_stems(folder / name);
      ASSERT_EQ(decoded.size(), 5U);
      for (size_t s = 0; s < 5; ++s) EXPECT_TRUE(decoded[s].samples == stems[s].samples) << name << " " << samples;
      EXPECT_EQ(audio_info(folder / name).frames, 10001);
    }
  EXPECT_FALSE(is_stem_file("stem.mp4"));
}

TEST(StemFile, BadFilesAreNamed) {
  const TemporaryFolder folder;
  const auto path = folder / "a.stem.mp4";
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("no such file"));
  write_file(path, std::string(3000, 'x'));
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("truncated, corrupt or not a readable audio file"));
  write_stem_file(path, {test::tone(44100, 2, 9000), test::tone(44100, 2, 9000)});
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("2 audio streams, a stem file has 5"));
  EXPECT_THAT(error_of([&] { audio_info(path); }), HasSubstr("2 audio streams"));
  std::vector<Audio> unequal = five_tones(20000);
  unequal[3] = test::tone(44100, 2, 9000);
  write_stem_file(path, unequal);
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("unequal lengths"));
  unequal[3] = test::tone(48000, 2, 20000);
  write_stem_file(path, unequal);
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("different rates"));
}

TEST(StemFile, CutOffAndCorruptFilesAreErrors) {
  const TemporaryFolder folder;
  const auto path = folder / "a.stem.mp4";
  std::vector<Audio> stems;
  for (unsigned s = 0; s < 5; ++s) stems.push_back(test::noise(44100, 2, 20000, s + 1));
  write_stem_file(path, stems);
  const std::string whole = read_file(path);
  write_file(path, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("truncated"));
  std::string corrupt = whole;
  for (size_t i = whole.size() / 4; i < whole.size() / 2; ++i) corrupt[i] = static_cast<char>(i * 131);
  write_file(path, corrupt);
  EXPECT_THAT(error_of([&] { read_stems(path); }), HasSubstr("corrupt"));
}

TEST(StemFile, RealTrack) {
  const auto root = test::shared_data();
  if (root.empty()) GTEST_SKIP() << "the shared test data is not here";
  const auto path = root / "musdb-sample/train/Music Delta - 80s Rock.stem.mp4";
  const std::vector<Audio> stems = read_stems(path);
  ASSERT_EQ(stems.size(), 5U);
  for (const Audio& stem : stems) ASSERT_EQ(stem.frames(), 300032);
  Audio sum = stems[1];
  for (size_t s = 2; s < 5; ++s) {
    for (size_t i = 0; i < sum.samples.size(); ++i) sum.samples[i] += stems[s].samples[i];
  }
  const Audio silence{44100, 2, std::vector<float>(sum.samples.size())};
  // The mixture is coded on its own, so it is the sum of the stems but for the codec's noise.
  EXPECT_GT(difference(stems[0], sum), 0);
  EXPECT_LT(difference(stems[0], sum), 0.01 * difference(stems[0], silence));
}

// A cut file whose index comes first is only noticed by its missing packets.
TEST(StemFile, RealTrackCutShort) {
  const auto root = test::shared_data();
  if (root.empty()) GTEST_SKIP() << "the shared test data is not here";
  const std::string whole = read_file(root / "musdb-sample/train/Music Delta - 80s Rock.stem.mp4");
  const TemporaryFolder folder;
  write_file(folder / "a.stem.mp4", whole.substr(0, whole.size() * 2 / 3));
  EXPECT_THAT(error_of([&] { read_stems(folder / "a.stem.mp4"); }), HasSubstr("truncated"));
}

}  // namespace
}  // namespace unmix
