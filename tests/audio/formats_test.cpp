// Formats that libav reads: all of a file, at its place, from a file and from a pipe, and nothing else.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "audio/reader.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::Encoding;
using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int64_t kFrames = 20000;

// What a program writes into a pipe.
class Pipe {
 public:
  explicit Pipe(const std::string& bytes) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    reading_ = ends[0];
    writer_ = std::jthread([to = ends[1], bytes] {
      for (size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::write(to, bytes.data() + done, bytes.size() - done);
        if (count <= 0) break;
        done += static_cast<size_t>(count);
      }
      ::close(to);
    });
  }
  ~Pipe() {
    std::string rest(4096, '\0');
    while (::read(reading_, rest.data(), rest.size()) > 0) {
    }
    writer_.join();
    ::close(reading_);
  }
  int descriptor() const { return reading_; }

 private:
  int reading_ = -1;
  std::jthread writer_;
};

Audio through_pipe(const std::string& bytes) {
  const Pipe pipe(bytes);
  return read_rest(*open_stream(pipe.descriptor(), "the pipe"));
}

struct Format {
  const char* name;
  Encoding encoding;
  int sample_rate;
  int64_t frames;     // as many as ffmpeg -i NAME -f s16le - writes
  float error;        // the largest of a sample, in the middle
  int64_t delay = 0;  // that the file does not state, frames (of WMA libav leaves out the first 2048)
};

void PrintTo(const Format& format, std::ostream* stream) { *stream << format.name; }

class EveryFormat : public ::testing::TestWithParam<Format> {
 protected:
  const Audio audio = test::tone(GetParam().sample_rate, 2, kFrames, 300);
  const TemporaryFolder folder;
  const fs::path path = folder / GetParam().name;
};

TEST_P(EveryFormat, IsReadWholeAndInPlace) {
  test::write_encoded(path, {audio}, GetParam().encoding);
  const Audio decoded = read_audio(path);
  EXPECT_EQ(decoded.frames(), GetParam().frames);
  EXPECT_EQ(decoded.channels, 2);
  EXPECT_EQ(decoded.sample_rate, GetParam().sample_rate);
  const AudioInfo info = audio_info(path);
  EXPECT_EQ(info.frames, decoded.frames());
  EXPECT_EQ(info.stems, 1);
  const auto delay = static_cast<size_t>(GetParam().delay);
  for (int c = 0; c < 2; ++c)
    for (size_t t = 5000; t < 15000; ++t)
      ASSERT_NEAR(decoded.channel(c)[t + delay], audio.channel(c)[t], GetParam().error) << c << " " << t;
}

TEST_P(EveryFormat, ComesTheSameThroughAPipe) {
  test::write_encoded(path, {audio}, GetParam().encoding);
  EXPECT_TRUE(through_pipe(read_file(path)).samples == read_audio(path).samples);
}

TEST_P(EveryFormat, PartsAreThoseOfTheWhole) {
  test::write_encoded(path, {audio}, GetParam().encoding);
  const Audio whole = read_audio(path);
  for (const int64_t start : {int64_t{1}, int64_t{1151}, int64_t{7777}, whole.frames() - 1}) {
    EXPECT_TRUE(read_audio(path, start).samples == part_of(whole, start, whole.frames() - start).samples) << start;
    EXPECT_TRUE(read_audio(path, start, 1).samples == part_of(whole, start, 1).samples) << start;
  }
  EXPECT_THAT(error_of([&] { read_audio(path, whole.frames()); }), HasSubstr("too short"));
  EXPECT_THAT(error_of([&] { read_audio(path, 1, whole.frames()); }), HasSubstr("too short"));
}

// Of every file cut off or changed in a place: an error, or all that was there. Only what states no length may be
// shorter.
TEST_P(EveryFormat, DamageIsNeverSilent) {
  test::write_encoded(path, {test::noise(GetParam().sample_rate, 2, kFrames)}, GetParam().encoding);
  const std::string whole = read_file(path);
  const int64_t frames = read_audio(path).frames();
  const std::string name = GetParam().name;
  const bool stated = name.find("unstated") == std::string::npos;
  for (const double part : {0.02, 0.3, 0.77, 0.999}) {
    write_file(path, whole.substr(0, static_cast<size_t>(part * static_cast<double>(whole.size()))));
    try {
      const int64_t left = read_audio(path).frames();
      EXPECT_TRUE(!stated || left == frames) << part << ": " << left << " of " << frames;
      EXPECT_LE(left, frames);
      EXPECT_EQ(audio_info(path).frames, left) << part;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
  for (size_t place = whole.size() / 7; place < whole.size(); place += whole.size() / 7) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ 0x10);
    write_file(path, changed);
    try {
      const int64_t left = read_audio(path).frames();
      EXPECT_TRUE(!stated || left == frames) << place << ": " << left << " of " << frames;
      EXPECT_EQ(audio_info(path).frames, left) << place;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
    }
  }
}

// MP3's frames are counted without decoding them.
TEST(AudioFormats, Mp3CutAnywhereIsCountedAsItIsRead) {
  const TemporaryFolder folder;
  for (const int sample_rate : {44100, 22050}) {  // packets of 1152 and of 576 frames
    test::write_encoded(folder / "whole", {test::noise(sample_rate, 2, 20000)}, {"mp3", "libmp3lame", "fltp", true});
    const std::string whole = read_file(folder / "whole");
    for (size_t size = whole.size(); size > whole.size() - 1300; size -= 53) {
      write_file(folder / "cut", whole.substr(0, size));
      EXPECT_EQ(audio_info(folder / "cut").frames, read_audio(folder / "cut").frames()) << sample_rate << " " << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Audio, EveryFormat,
    ::testing::Values(Format{"a.mp3", {"mp3", "libmp3lame"}, 44100, 20000, 0.02F},
                      Format{"half.mp3", {"mp3", "libmp3lame"}, 22050, 20000, 0.05F},
                      Format{"unstated.mp3", {"mp3", "libmp3lame", "fltp", true}, 44100, 21888, 0.02F, 1105},
                      Format{"a.m4a", {"mp4", "aac"}, 44100, 20480, 0.02F},
                      Format{"lossless.m4a", {"mp4", "alac", "s16p"}, 44100, 20000, 4e-5F},
                      Format{"unstated.aac", {"adts", "aac"}, 44100, 21504, 0.02F, 1024},
                      Format{"a.opus", {"ogg", "libopus", "flt"}, 48000, 20000, 0.05F},
                      Format{"a.ogg", {"ogg", "libvorbis"}, 44100, 20000, 0.02F},
                      Format{"unstated.webm", {"webm", "libopus", "flt"}, 48000, 20000, 0.05F},
                      Format{"unstated.mka", {"matroska", "libvorbis"}, 44100, 20032, 0.02F},
                      Format{"unstated.wma", {"asf", "wmav2"}, 44100, 18432, 0.05F, -2048},
                      Format{"unstated.flac", {"flac", "flac", "s16", true}, 44100, 20000, 4e-5F},
                      Format{"video.mp4", {"mp4", "aac", "fltp", false, true}, 44100, 20480, 0.02F},
                      Format{
                          "unstated.mkv", {"matroska", "libmp3lame", "fltp", false, true}, 44100, 21105, 0.02F, 1105}),
    [](const auto& test) {
      std::string name = test.param.name;
      for (char& letter : name)
        if (letter == '.') letter = '_';
      return name;
    });

}  // namespace
}  // namespace unmix
