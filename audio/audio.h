// Audio files of every format that libsndfile or libav decodes, and the five stems of a .stem.mp4, in process.
// Every input that cannot be used is one clear Error naming the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace unmix {

// Samples are planar (channel after channel), full scale is -1..1.
struct Audio {
  int sample_rate = 0;  // Hz
  int channels = 0;
  std::vector<float> samples;

  int64_t frames() const { return channels == 0 ? 0 : static_cast<int64_t>(samples.size()) / channels; }
  std::span<float> channel(int index) { return {samples.data() + index * frames(), static_cast<size_t>(frames())}; }
  std::span<const float> channel(int index) const {
    return {samples.data() + index * frames(), static_cast<size_t>(frames())};
  }
};

struct AudioInfo {
  int sample_rate = 0;
  int channels = 0;
  int64_t frames = 0;     // never an estimate
  int stems = 1;          // 5 for a .stem.mp4
  bool pcm16 = false;     // 16-bit integer samples
  uint64_t speakers = 0;  // a bit for each channel, as in WAV's extensible header; 0: not stated
  double duration() const { return static_cast<double>(frames) / sample_rate; }  // seconds
};

// Sample type of WAV and FLAC (which has no float); OGG and MP3 have their own.
enum class SampleFormat { pcm16, pcm24, floating };

bool is_stem_file(const std::filesystem::path& path);  // *.stem.mp4 or *.stem.m4a, in upper case too

// The header alone is read where it states the length; other files (MP3, WMA, ...) are decoded to count their frames.
AudioInfo audio_info(const std::filesystem::path& path);

// Frames start .. start + frames (-1: to the end), all finite. Of a .stem.mp4 the mixture, of a video the sound. The
// delay and padding of an encoder are taken off where the file states them. A path that can be read only once, such as
// a pipe's, will do.
Audio read_audio(const std::filesystem::path& path, int64_t start = 0, int64_t frames = -1);

// The streams of a .stem.mp4, decoded as ffmpeg does (edit list applied): mixture, drums, bass, other, vocals.
std::vector<Audio> read_stems(const std::filesystem::path& path);

// The same block by block, in memory for some seconds; of every stream `use` gets the same number of frames.
void read_stem_blocks(const std::filesystem::path& path, const std::function<void(const std::vector<Audio>&)>& use);

// Written atomically, in the format of the extension: .wav, .flac, .ogg (Vorbis), .mp3. Integer samples are
// round(32768 x) (or 2^23 x), clipped; returns how many samples lay outside -1..1 where the format,
// or a player of it, clips them.
int64_t write_audio(const std::filesystem::path& path, const Audio& audio, SampleFormat format = SampleFormat::pcm16);

// Linear-phase resampling (soxr, VHQ: 28 bits, 95 % of the band) to `sample_rate`; round(frames * ratio) frames.
Audio resample(const Audio& audio, int sample_rate);

// Frames start .. start + frames of all channels.
Audio part_of(const Audio& audio, int64_t start, int64_t frames);

// Continues the audio with more frames of as many channels.
void append(Audio& audio, const Audio& more);

// Throws unless every sample is finite; names the first that is not. `name` is the file or signal in the message, in
// which the audio starts at frame `start`.
void check_finite(const Audio& audio, const std::string& name, int64_t start = 0);

}  // namespace unmix
