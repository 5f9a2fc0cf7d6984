#include <cmath>
#include <limits>

#include "audio/audio.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

double largest_difference(const Audio& a, const Audio& b) {
  EXPECT_EQ(a.samples.size(), b.samples.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.samples.size(), b.samples.size()); ++i) {
    largest = std::max<double>(largest, std::fabs(a.samples[i] - b.samples[i]));
  }
  return largest;
}

double rms(std::span<const float> samples) {
  double sum = 0;
  for (const float x : samples) sum += double{x} * x;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

TEST(AudioFile, IntegerFormatsKeepTheirBits) {
  const TemporaryFolder folder;
  const Audio audio = test::noise(44100, 2, 10007);
  for (const char* name : {"a.wav", "a.flac"}) {
    for (const SampleFormat format : {SampleFormat::pcm16, SampleFormat::pcm24}) {
      EXPECT_EQ(write_audio(folder / name, audio, format), 0);
      EXPECT_EQ(read_audio(folder / name).samples, audio.samples) << name;
      EXPECT_EQ(audio_info(folder / name).pcm16, format == SampleFormat::pcm16) << name;
    }
  }
}

TEST(AudioFile, FloatKeepsWhatIntegersRound) {
  const TemporaryFolder folder;
  Audio audio = test::tone(48000, 1, 1000);
  audio.samples[10] = 1.5F;
  EXPECT_EQ(write_audio(folder / "a.wav", audio, SampleFormat::floating), 0);
  EXPECT_EQ(read_audio(folder / "a.wav").samples, audio.samples);
  EXPECT_EQ(write_audio(folder / "b.wav", audio, SampleFormat::pcm16), 1);
  const Audio rounded = read_audio(folder / "b.wav");
  EXPECT_EQ(rounded.samples[10], 32767.F / 32768);
  EXPECT_NE(rounded.samples, audio.samples);
  audio.samples[10] = rounded.samples[10];
  EXPECT_LE(largest_difference(rounded, audio), 0.5 / 32768);
}

TEST(AudioFile, TheSameSamplesGiveTheSameBytes) {
  const TemporaryFolder folder;
  Audio audio = test::tone(44100, 2, 1000);
  audio.samples[10] = 1.5F;
  for (const char* extension : {".wav", ".flac", ".mp3"}) {
    const bool wav = std::string(extension) == ".wav";
    const auto path = folder / (std::string("a") + extension);
    const auto write = [&] {
      write_audio(path, audio, wav ? SampleFormat::floating : SampleFormat::pcm16);
      return read_file(path);
    };
    const std::string first = write();
    EXPECT_EQ(first.find("PEAK"), std::string::npos) << extension;  // it holds the time of day
    EXPECT_TRUE(write() == first) << extension;
  }
}

TEST(AudioFile, SamplesBeyondFullScaleAreCountedInEveryFormatButFloat) {
  const TemporaryFolder folder;
  Audio audio = test::tone(44100, 2, 10000);  // written in chunks of 4096 frames
  for (const size_t frame : {10, 5000, 9999}) audio.channel(1)[frame] = 1.5F;
  for (const char* name : {"a.wav", "a.flac", "a.ogg", "a.mp3"})
    EXPECT_EQ(write_audio(folder / name, audio), 3) << name;
  EXPECT_EQ(write_audio(folder / "a.wav", audio, SampleFormat::floating), 0);
}

TEST(AudioFile, LossyFormatsKeepTheSignal) {
  const TemporaryFolder folder;
  const Audio audio = test::tone(44100, 2, 44100);
  for (const char* name : {"a.ogg", "a.mp3"}) {
    write_audio(folder / name, audio);
    const Audio decoded = read_audio(folder / name);
    EXPECT_EQ(decoded.sample_rate, 44100) << name;
    ASSERT_EQ(decoded.channels, 2) << name;
    ASSERT_EQ(decoded.frames(), audio.frames()) << name;
    Audio difference = decoded;
    for (size_t i = 0; i < difference.samples.size(); ++i) difference.samples[i] -= audio.samples[i];
    EXPECT_LT(rms(difference.samples), 0.05 * rms(audio.samples)) << name;
  }
}

TEST(AudioFile, PartsAreReadFromAnywhere) {
  const TemporaryFolder folder;
  const Audio audio = test::noise(8000, 2, 20000);
  for (const char* name : {"a.wav", "a.flac"}) {
    write_audio(folder / name, audio);
    const Audio part = read_audio(folder / name, 5001, 9000);
    ASSERT_EQ(part.frames(), 9000);
    for (int c = 0; c < 2; ++c) {
      EXPECT_TRUE(std::ranges::equal(part.channel(c), audio.channel(c).subspan(5001, 9000))) << name;
    }
    EXPECT_EQ(read_audio(folder / name, 19999).frames(), 1);
    EXPECT_THAT(error_of([&] { read_audio(folder / name, 19999, 2); }), HasSubstr("too short"));
    EXPECT_THAT(error_of([&] { read_audio(folder / name, 20000); }), HasSubstr("too short"));
  }
}

TEST(AudioFile, InfoIsOfTheHeader) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tone(22050, 1, 11025));
  const AudioInfo info = audio_info(folder / "a.wav");
  EXPECT_EQ(info.sample_rate, 22050);
  EXPECT_EQ(info.channels, 1);
  EXPECT_EQ(info.frames, 11025);
  EXPECT_EQ(info.stems, 1);
  EXPECT_DOUBLE_EQ(info.duration(), 0.5);
}

TEST(AudioFile, WhatCannotBeWrittenIsSaid) {
  const TemporaryFolder folder;
  const Audio audio = test::tone(44100, 2, 100);
  EXPECT_THAT(error_of([&] { write_audio(folder / "a.xyz", audio); }), HasSubstr("'.xyz'"));
  EXPECT_THAT(error_of([&] { write_audio(folder / "a.flac", audio, SampleFormat::floating); }),
              HasSubstr("FLAC has no float"));
  EXPECT_THAT(error_of([&] { write_audio(folder / "none/a.wav", audio); }), HasSubstr("not an existing folder"));
  EXPECT_THAT(error_of([&] { write_audio(folder / "a.wav", Audio{44100, 2, {}}); }), HasSubstr("no samples"));
  EXPECT_THAT(error_of([&] { write_audio(folder / "a.mp3", test::tone(44100, 3, 100)); }), HasSubstr("3 channels"));
  Audio bad = audio;
  bad.samples[103] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of([&] { write_audio(folder / "a.wav", bad); }), HasSubstr("sample 3 of channel 2 is inf"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

class BadInput : public ::testing::TestWithParam<const char*> {};

TEST_P(BadInput, IsOneClearLine) {
  const TemporaryFolder folder;
  const auto path = folder / (std::string("a") + GetParam());
  const auto expect = [&](const char* words) {
    for (const std::string& message : {error_of([&] { read_audio(path); })}) {
      EXPECT_THAT(message, HasSubstr(words));
      EXPECT_THAT(message, HasSubstr(path.string()));
      EXPECT_EQ(message.find('\n'), std::string::npos);
    }
  };
  expect("no such file");
  write_file(path, "");
  expect("empty");
  write_file(path, std::string(5000, 'x'));
  expect("not a readable");
  write_audio(path, test::noise(44100, 2, 50000));
  EXPECT_NO_THROW(read_audio(path));
  const std::string whole = read_file(path);
  for (const double part : {0.1, 0.5, 0.9}) {
    write_file(path, whole.substr(0, static_cast<size_t>(part * static_cast<double>(whole.size()))));
    expect("truncated");
  }
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  expect("is a folder");
}

INSTANTIATE_TEST_SUITE_P(Formats, BadInput, ::testing::Values(".wav", ".flac", ".ogg", ".mp3"));

TEST(AudioFile, NonFiniteSamplesAreNamed) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tone(44100, 2, 1000), SampleFormat::floating);
  std::string bytes = read_file(folder / "a.wav");
  const float bad = std::numeric_limits<float>::quiet_NaN();
  // The last frame's second channel.
  bytes.replace(bytes.size() - 4, 4, reinterpret_cast<const char*>(&bad), 4);
  write_file(folder / "a.wav", bytes);
  EXPECT_THAT(error_of([&] { read_audio(folder / "a.wav"); }), HasSubstr("sample 999 of channel 2 is nan"));
}

TEST(AudioFile, HeadersOfNothingAreRefused) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tone(44100, 2, 1000));
  const std::string bytes = read_file(folder / "a.wav");
  std::string no_channels = bytes;
  no_channels[22] = 0;  // "fmt ": 12 bytes of RIFF, 8 of the chunk's name and size, 2 of the codec
  write_file(folder / "b.wav", no_channels);
  EXPECT_THAT(error_of([&] { read_audio(folder / "b.wav"); }), HasSubstr("hannel"));
  std::string no_samples = bytes.substr(0, bytes.find("data") + 8);
  no_samples.replace(no_samples.size() - 4, 4, std::string(4, '\0'));
  write_file(folder / "c.wav", no_samples);
  EXPECT_THAT(error_of([&] { read_audio(folder / "c.wav"); }), HasSubstr("no samples"));
}

TEST(Resample, LengthAndSignal) {
  for (const auto& [from, to] : {std::pair{48000, 44100}, {44100, 16000}, {8000, 44100}, {44100, 44100}}) {
    const Audio audio = test::tone(from, 2, from + 1, 1000);
    const Audio result = resample(audio, to);
    ASSERT_EQ(result.frames(), std::llround((from + 1.0) * to / from));
    const Audio expected = test::tone(to, 2, result.frames(), 1000);
    // Away from the ends, where the signal starts as a step.
    const auto middle = [](const Audio& a, int c) { return a.channel(c).subspan(a.frames() / 4, a.frames() / 2); };
    for (int c = 0; c < 2; ++c) {
      const auto got = middle(result, c);
      const auto want = middle(expected, c);
      for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5) << from << " to " << to;
    }
  }
}

TEST(Resample, FrequenciesAboveTheNewBandVanish) {
  const Audio result = resample(test::tone(44100, 1, 44100, 12000), 16000);
  EXPECT_LT(rms(result.channel(0).subspan(2000, 12000)), 1e-5);
  EXPECT_GT(rms(resample(test::tone(44100, 1, 44100, 6000), 16000).channel(0).subspan(2000, 12000)), 0.3);
}

TEST(Resample, ImpossibleRatesAreRefused) {
  EXPECT_THAT(error_of([] { resample(test::tone(44100, 1, 100), 0); }), HasSubstr("to 0 Hz"));
  EXPECT_THAT(error_of([] { resample(test::tone(44100, 1, 1), 8000); }), HasSubstr("too short"));
}

}  // namespace
}  // namespace unmix
