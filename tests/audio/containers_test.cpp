// What containers say of a length, and what stands behind or between: tags, further streams, sizes not known.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "audio/container.h"
#include "audio/reader.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::Encoding;
using test::error_of;
using test::TemporaryFolder;
using test::write_encoded;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class AudioContainers : public ::testing::Test {
 protected:
  std::string encoded(const Encoding& encoding) {
    write_encoded(folder / "encoded", {audio}, encoding);
    return read_file(folder / "encoded");
  }
  Audio read(const std::string& bytes) {
    write_file(folder / "bytes", bytes);
    return read_audio(folder / "bytes");
  }
  std::string error(const std::string& bytes) {
    return error_of([&] { read(bytes); });
  }
  Audio through_descriptor(const std::string& bytes) {
    write_file(folder / "bytes", bytes);
    const std::shared_ptr<int> descriptor(new int(::open((folder / "bytes").c_str(), O_RDONLY)), [](int* open) {
      ::close(*open);
      delete open;
    });
    return read_rest(*open_stream(*descriptor, "stream"));
  }

  TemporaryFolder folder;
  const Audio audio = test::noise(44100, 2, 20000), longer = test::noise(44100, 2, 60000);
};

const std::string kId3v1 = "TAG" + std::string(125, 'x');
const std::string kApe = "APETAGEX" + std::string("\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\0", 16) + std::string(8, '\0');

TEST_F(AudioContainers, TagsBehindTheAudioAreNoAudio) {
  for (const Encoding& encoding : {Encoding{"ogg", "libvorbis"}, Encoding{"mp3", "libmp3lame"}}) {
    const std::string bytes = encoded(encoding);
    const int64_t frames = read(bytes).frames();
    EXPECT_EQ(frames, 20000) << encoding.codec;
    for (const std::string& tag : {kId3v1, kApe}) EXPECT_EQ(read(bytes + tag).frames(), frames) << encoding.codec;
  }
}

TEST_F(AudioContainers, OfFilesInOneAllIsReadOrNone) {
  const std::string vorbis = encoded({"ogg", "libvorbis"});
  const int64_t both = read(vorbis + vorbis).frames();
  EXPECT_GE(both, 40000);
  EXPECT_LT(both, 41000);
  write_encoded(folder / "opus", {test::noise(48000, 2, 20000)}, {"ogg", "libopus", "flt"});
  const std::string opus = read_file(folder / "opus");
  EXPECT_THAT(error(opus + opus), HasSubstr("several files in one"));
  const std::string unstated = encoded({"mp3", "libmp3lame", "fltp", true}), stated = encoded({"mp3", "libmp3lame"});
  const int64_t one = read(unstated).frames();
  for (const std::string& mp3 : {unstated, stated}) {
    try {
      EXPECT_GE(read(mp3 + mp3).frames(), 40000);
    } catch (const Error& caught) {
      EXPECT_THAT(caught.what(), HasSubstr("several files in one"));
    }
  }
  EXPECT_GT(one, 20000);
  write_encoded(folder / "other", {test::noise(32000, 2, 20000)}, {"ogg", "libvorbis"});
  EXPECT_THAT(error(vorbis + read_file(folder / "other")), HasSubstr("several files in one"));
}

TEST_F(AudioContainers, DamagedAndMissingPagesOfOggAreErrors) {
  write_encoded(folder / "longer", {longer}, {"ogg", "libvorbis"});
  const std::string bytes = read_file(folder / "longer");
  std::vector<size_t> pages;
  for (size_t at = bytes.find("OggS"); at != std::string::npos; at = bytes.find("OggS", at + 1)) pages.push_back(at);
  ASSERT_GE(pages.size(), 4U);
  std::string changed = bytes;
  changed[pages[2] + 500] ^= 1;
  EXPECT_THAT(error(changed), HasSubstr("is damaged"));
  EXPECT_THAT(error(bytes.substr(0, pages[2]) + bytes.substr(pages[3])), HasSubstr("a page is missing"));
  EXPECT_THAT(error(bytes.substr(0, pages.back())), HasSubstr("its last page is missing"));
  EXPECT_THAT(error(bytes.substr(0, bytes.size() - 3)), HasSubstr("its last page is cut"));
  EXPECT_THAT(error(bytes.substr(0, pages[2]) + "xyz" + bytes.substr(pages[2])), HasSubstr("there is no page"));
}

// The sizes of a WAV header, as programs write them into a pipe.
TEST_F(AudioContainers, WavSizesThatStateNothing) {
  write_audio(folder / "a.wav", audio);
  const std::string bytes = read_file(folder / "a.wav");
  const auto with = [&](uint32_t riff, uint32_t data) {
    std::string changed = bytes;
    changed.replace(4, 4, reinterpret_cast<const char*>(&riff), 4);
    changed.replace(changed.find("data") + 4, 4, reinterpret_cast<const char*>(&data), 4);
    return changed;
  };
  const std::vector<std::pair<uint32_t, uint32_t>> sizes = {
      {0x7FFFFFFF, 0x7FFFFFDB}, {0x7FFFF024, 0x7FFFF000}, {0x80000024, 0x80000000}, {0, 0}, {36, 0},
      {0xFFFFFFFF, 0xFFFFFFFF}, {0, 0xFFFFFFFF},          {0xFFFFFFFF, 0}};
  for (const auto& [riff, data] : sizes) {
    const std::string changed = with(riff, data);
    EXPECT_TRUE(read(changed).samples == audio.samples) << riff << " " << data;
    EXPECT_EQ(audio_info(folder / "bytes").frames, 20000);
    EXPECT_TRUE(through_descriptor(changed).samples == audio.samples) << riff << " " << data;
    EXPECT_TRUE(read_audio(folder / "bytes", 19999).samples == part_of(audio, 19999, 1).samples);
    EXPECT_THAT(error_of([&] { read_audio(folder / "bytes", 20000); }), HasSubstr("too short"));
  }
  EXPECT_TRUE(read(with(0, 80000)).samples == audio.samples);
  EXPECT_THAT(error(with(80036, 80004)), HasSubstr("80000 of 80004 bytes"));
}

TEST_F(AudioContainers, LargeWavSizesCountWhereRiffAgrees) {
  EXPECT_TRUE(states_wav_size(0x90000000, 0x90000024, 44));
  EXPECT_TRUE(states_wav_size(0x80000000, 0x80000024U + 300, 44));
  EXPECT_TRUE(states_wav_size(0x7FFFFFDB, 0x7FFFFFDBU + 36 + 1 + 8, 44));
  EXPECT_FALSE(states_wav_size(0x90000000, 0, 44));
  EXPECT_FALSE(states_wav_size(0x90000000, 0x8FFFFFFF, 44));
  EXPECT_FALSE(states_wav_size(0xFFFFFFFF, 0xFFFFFFFF, 44));
  EXPECT_TRUE(states_wav_size(1000, 0, 44));
}

// A file of more than 2 GiB that takes no room: only its last samples are written, and a chunk behind them.
TEST_F(AudioContainers, ALargeWavEndsBeforeTheChunkBehindIt) {
  const Audio last = part_of(audio, 0, 100);
  write_audio(folder / "large.wav", last);
  std::string bytes = read_file(folder / "large.wav");
  ASSERT_EQ(bytes.size(), 444U);
  const uint32_t data = 0x80000010, riff = data + 36 + 308;
  bytes.replace(4, 4, reinterpret_cast<const char*>(&riff), 4);
  bytes.replace(40, 4, reinterpret_cast<const char*>(&data), 4);
  const std::string samples = bytes.substr(44);
  write_file(folder / "large.wav", bytes.substr(0, 44));
  {
    std::fstream file(folder / "large.wav", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(44 + int64_t{data} - 400);
    file << samples << "LIST" << std::string("\x2C\x01\0\0", 4) << std::string(300, 'x');
  }
  EXPECT_EQ(audio_info(folder / "large.wav").frames, int64_t{data} / 4);
  EXPECT_TRUE(read_audio(folder / "large.wav", int64_t{data} / 4 - 100).samples == last.samples);
  const int descriptor = ::open((folder / "large.wav").c_str(), O_RDONLY);
  EXPECT_EQ(open_stream(descriptor, "stream")->info().frames, int64_t{data} / 4);
  ::close(descriptor);
}

struct Container {
  const char* name;
  Encoding encoding;
};

class CutContainers : public ::testing::TestWithParam<Container> {};

TEST_P(CutContainers, AreErrors) {
  const TemporaryFolder folder;
  const Audio audio = test::noise(44100, 2, 20000);
  const fs::path path = folder / GetParam().name;
  write_encoded(path, {audio}, GetParam().encoding);
  EXPECT_TRUE(read_audio(path).samples == audio.samples);
  const std::string whole = read_file(path);
  for (const double part : {0.002, 0.5, 0.999}) {
    write_file(path, whole.substr(0, static_cast<size_t>(part * static_cast<double>(whole.size()))));
    EXPECT_THAT(error_of([&] { read_audio(path); }), HasSubstr(path.string())) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(Audio, CutContainers,
                         ::testing::Values(Container{"a.aiff", {"aiff", "pcm_s16be", "s16"}},
                                           Container{"a.au", {"au", "pcm_s16be", "s16"}},
                                           Container{"a.w64", {"w64", "pcm_s16le", "s16"}},
                                           Container{"a.caf", {"caf", "pcm_s16le", "s16"}},
                                           Container{"a.mka", {"matroska", "pcm_s16le", "s16"}}),
                         [](const auto& test) { return std::string(test.param.name).substr(2); });

TEST_F(AudioContainers, AuOfUnknownLengthIsReadToItsEnd) {
  EXPECT_TRUE(read(encoded({"au", "pcm_s16be", "s16", true})).samples == audio.samples);
}

TEST_F(AudioContainers, AiffThatSoxWroteToAPipeIsReadToItsEnd) {
  std::string bytes = encoded({"aiff", "pcm_s16be", "s16"});
  bytes.replace(bytes.find("SSND") + 4, 4, std::string("\x7F\0\0\x08", 4));
  EXPECT_TRUE(read(bytes).samples == audio.samples);
}

// What cannot be opened twice.
TEST_F(AudioContainers, ANamedPipeIsReadOnce) {
  for (const Encoding& encoding : {Encoding{"wav", "pcm_s16le", "s16"}, Encoding{"flac", "flac", "s16"}}) {
    const Audio part = part_of(audio, 0, 10000);  // less than a pipe holds, so that the writer need not wait
    write_encoded(folder / "encoded", {part}, encoding);
    const std::string bytes = read_file(folder / "encoded");
    const fs::path path = folder / "fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::jthread writer([&] { std::ofstream(path, std::ios::binary) << bytes; });
    EXPECT_TRUE(read_audio(path, 5000, 100).samples == part_of(audio, 5000, 100).samples);
    fs::remove(path);
  }
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { audio_info(folder / "fifo"); }), HasSubstr("can be read only once"));
}

}  // namespace
}  // namespace unmix
