// Audio block by block, and WAV through pipes.
#include <fcntl.h>
#include <unistd.h>

#include "audio/reader.h"
#include "audio/writer.h"
#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/tensor_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class AudioStream : public ::testing::Test {
 protected:
  Audio through_stream(const std::string& bytes) {
    write_file(folder / "stream", bytes);
    const int descriptor = ::open((folder / "stream").c_str(), O_RDONLY);
    try {
      const auto reader = open_stream(descriptor, "stream");
      Audio audio = read_rest(*reader);
      ::close(descriptor);
      return audio;
    } catch (...) {
      ::close(descriptor);
      throw;
    }
  }

  std::string written(const Audio& audio, const OutputFormat& format) {
    const fs::path path = folder / "written";
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const auto writer = create_wav_stream(descriptor, "written", format);
    writer->write(part_of(audio, 0, 7));
    writer->write(part_of(audio, 7, audio.frames() - 7));
    writer->finish();
    clipped = writer->clipped();
    ::close(descriptor);
    return read_file(path);
  }

  std::string bytes_of(const std::string& name, const Audio& audio, SampleFormat format) {
    write_audio(folder / name, audio, format);
    return read_file(folder / name);
  }

  TemporaryFolder folder;
  const Audio audio = test::noise(8000, 3, 1001);
  int64_t clipped = 0;
};

TEST_F(AudioStream, EverySampleFormatIsReadAsFromAFile) {
  for (const SampleFormat format : {SampleFormat::pcm16, SampleFormat::pcm24, SampleFormat::floating}) {
    const std::string bytes = bytes_of("a.wav", audio, format);
    EXPECT_TRUE(test::same_bits(through_stream(bytes).samples, read_audio(folder / "a.wav").samples));
  }
}

TEST_F(AudioStream, WhatIsWrittenCanBeReadFromFilesAndStreams) {
  for (const SampleFormat format : {SampleFormat::pcm16, SampleFormat::pcm24, SampleFormat::floating})
    for (const int64_t frames : {int64_t{1001}, int64_t{-1}}) {
      const std::string bytes = written(audio, {8000, 3, frames, format});
      EXPECT_TRUE(test::same_bits(through_stream(bytes).samples, audio.samples));
      write_file(folder / "b.wav", bytes);
      EXPECT_TRUE(test::same_bits(read_audio(folder / "b.wav").samples, audio.samples)) << frames;
    }
}

TEST_F(AudioStream, ClippedSamplesAreCounted) {
  Audio loud = test::noise(8000, 1, 20);
  loud.samples[3] = 1.5f;
  loud.samples[9] = -7.0f;
  written(loud, {8000, 1, 20, SampleFormat::pcm16});
  EXPECT_EQ(clipped, 2);
  written(loud, {8000, 1, 20, SampleFormat::floating});
  EXPECT_EQ(clipped, 0);
}

TEST_F(AudioStream, BadStreamsAreNamed) {
  const std::string good = bytes_of("a.wav", audio, SampleFormat::pcm16);
  EXPECT_THAT(error_of([&] { through_stream("RIFFxxxxAIFF"); }), HasSubstr("not a readable audio file"));
  EXPECT_THAT(error_of([&] { through_stream(good.substr(0, 30)); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { through_stream(good.substr(0, good.size() - 100)); }),
              HasSubstr("truncated: 17 more frames were announced"));
  std::string other = good;
  other[20] = 2;  // ADPCM
  EXPECT_THAT(error_of([&] { through_stream(other); }), HasSubstr("samples of format 2 with 16 bits"));
  other = good;
  other[16] = 2;
  EXPECT_THAT(error_of([&] { through_stream(other); }), HasSubstr("a format of 2 bytes"));
  other = good;
  other[22] = 0;
  EXPECT_THAT(error_of([&] { through_stream(other); }), HasSubstr("0 channels at 8000 Hz"));
}

TEST_F(AudioStream, ASpoolIsReadSeveralTimes) {
  const auto memory = open_memory(audio, "memory");
  const AudioSpool spool(*memory);
  const auto first = spool.open(), second = spool.open();
  const Audio start = first->read(10);
  EXPECT_TRUE(test::same_bits(read_rest(*second).samples, audio.samples));
  EXPECT_TRUE(test::same_bits(start.samples, part_of(audio, 0, 10).samples));
  EXPECT_TRUE(test::same_bits(read_rest(*first).samples, part_of(audio, 10, 991).samples));
  EXPECT_THAT(error_of([&] { AudioSpool{*first}; }), HasSubstr("the stream holds no samples"));
}

TEST_F(AudioStream, ASpoolTakesManyBlocks) {  // of 65,536 frames each
  const Audio long_audio = test::noise(8000, 1, 140000);
  const AudioSpool spool(*open_memory(long_audio, "memory"));
  EXPECT_TRUE(test::same_bits(read_rest(*spool.open()).samples, long_audio.samples));
}

TEST_F(AudioStream, PartsOfAReader) {
  const Audio part = read_rest(*open_part(open_memory(audio, "memory"), 100, 50));
  EXPECT_TRUE(test::same_bits(part.samples, part_of(audio, 100, 50).samples));
  EXPECT_EQ(read_rest(*open_part(open_memory(audio, "memory"), 1000, 50)).frames(), 1);
  EXPECT_THAT(error_of([&] { open_part(open_memory(audio, "memory"), 1002); }), HasSubstr("too short"));
}

TEST_F(AudioStream, AWriterThatDoesNotFinishLeavesNothing) {
  {
    const auto writer = create_audio(folder / "a.flac", {8000, 3, -1, SampleFormat::pcm16});
    writer->write(audio);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  // Of unknown length a small WAV is a plain one.
  const auto writer = create_audio(folder / "a.wav", {8000, 3, -1, SampleFormat::pcm16});
  writer->write(audio);
  writer->finish();
  EXPECT_EQ(read_file(folder / "a.wav").substr(0, 4), "RIFF");
  EXPECT_TRUE(test::same_bits(read_audio(folder / "a.wav").samples, audio.samples));
}

}  // namespace
}  // namespace unmix
