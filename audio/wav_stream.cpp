// WAV through a pipe: RIFF chunks (a 4-letter name, the size of the content, the content padded to an even size), of
// which "fmt " states the samples' form and "data" holds them; RF64 has 64-bit sizes in a chunk "ds64".
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "audio/container.h"
#include "audio/decoders.h"
#include "audio/writer.h"
#include "base/check_call.h"
#include "base/error.h"

namespace unmix {
namespace {

constexpr uint16_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
constexpr int kMostChannels = 1024;
constexpr uint64_t kLongestFormat = 4096;  // bytes of a "fmt " or "ds64" chunk

static_assert(std::endian::native == std::endian::little, "WAV's numbers are read as they lie");

template <class Number>
Number number_at(const char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof(number));
  return number;
}

// One sample of `bits` as float, full scale -1..1.
float sample_at(const char* bytes, int bits, bool floating) {
  if (floating) return bits == 32 ? number_at<float>(bytes) : static_cast<float>(number_at<double>(bytes));
  if (bits == 8) return static_cast<float>(static_cast<unsigned char>(bytes[0]) - 128) / 128.0f;
  uint32_t upper = 0;  // the sample in the upper bits
  std::memcpy(reinterpret_cast<char*>(&upper) + (4 - bits / 8), bytes, static_cast<size_t>(bits / 8));
  return static_cast<float>(static_cast<double>(static_cast<int32_t>(upper)) / 2147483648.0);
}

class WavStreamReader : public AudioReader {
 public:
  explicit WavStreamReader(std::unique_ptr<ByteStream> bytes)
      : AudioReader({}, bytes->name()), bytes_(std::move(bytes)) {
    char riff[12];
    read_header(riff, sizeof(riff));
    riff_size_ = number_at<uint32_t>(riff + 4);
    while (!read_chunk()) {
    }
  }

 private:
  // Reads one chunk, of the data only its size; true at the data.
  bool read_chunk() {
    char header[8];
    read_header(header, sizeof(header));
    const auto size = number_at<uint32_t>(header + 4);
    if (std::memcmp(header, "data", 4) == 0) {
      check(frame_bytes_ > 0, "audio", "{}: the stream is corrupt: its samples come before their format", name_);
      const bool large = large_size_ > 0 && large_size_ < INT64_MAX && size == 0xFFFFFFFF;
      const bool stated = large || states_wav_size(size, riff_size_, position_);
      const int64_t bytes = large    ? static_cast<int64_t>(large_size_)
                            : stated ? static_cast<int64_t>(size)
                                     : bytes_->rest();
      info_.frames = bytes < 0 ? -1 : bytes / static_cast<int64_t>(frame_bytes_);
      return true;
    }
    const bool is_format = std::memcmp(header, "fmt ", 4) == 0, is_sizes = std::memcmp(header, "ds64", 4) == 0;
    const uint64_t padded = uint64_t{size} + size % 2;
    position_ += is_format || is_sizes ? 0 : padded;
    if (!is_format && !is_sizes) return bytes_->skip(padded), false;
    check(size >= 16 && padded <= kLongestFormat, "audio", "{}: the stream is corrupt: a format of {} bytes", name_,
          size);
    std::string content(padded, '\0');
    read_header(content.data(), content.size());
    if (is_sizes)
      large_size_ = number_at<uint64_t>(content.data() + 8);
    else
      read_format(content);
    return false;
  }

  void read_header(char* to, size_t count) {
    check(bytes_->read(to, count) == count, "audio", "{}: the stream is truncated: it ends before its samples", name_);
    position_ += count;
  }

  void read_format(const std::string& content) {
    auto code = number_at<uint16_t>(content.data());
    const bool extensible = code == kExtensible && content.size() >= 26;
    if (extensible) code = number_at<uint16_t>(content.data() + 24);
    info_.channels = number_at<uint16_t>(content.data() + 2);
    const auto rate = number_at<uint32_t>(content.data() + 4);
    bits_ = number_at<uint16_t>(content.data() + 14);
    floating_ = code == kFloat;
    const bool known = (code == kPcm && (bits_ == 8 || bits_ == 16 || bits_ == 24 || bits_ == 32)) ||
                       (floating_ && (bits_ == 32 || bits_ == 64));
    check(known, "audio", "{}: samples of format {} with {} bits; PCM of 8 to 32 or floats of 32 or 64 are read", name_,
          code, bits_);
    check(info_.channels > 0 && info_.channels <= kMostChannels && rate > 0 && rate <= 10'000'000, "audio",
          "{}: the stream has {} channels at {} Hz", name_, info_.channels, rate);
    info_.sample_rate = static_cast<int>(rate);
    if (extensible) info_.speakers = number_at<uint32_t>(content.data() + 20);
    info_.pcm16 = code == kPcm && bits_ == 16;
    frame_bytes_ = static_cast<uint64_t>(info_.channels) * static_cast<uint64_t>(bits_ / 8);
  }

  Audio next(int64_t frames) override {
    const int64_t most = info_.frames < 0 ? frames : std::min(frames, info_.frames);
    std::string bytes(static_cast<size_t>(most) * frame_bytes_, '\0');
    const int64_t count = static_cast<int64_t>(bytes_->read(bytes.data(), bytes.size()) / frame_bytes_);
    check(info_.frames < 0 || count == most, "audio", "{}: the stream is truncated: {} more frames were announced",
          name_, info_.frames - count);
    if (info_.frames >= 0) info_.frames -= count;
    Audio block{info_.sample_rate, info_.channels, std::vector<float>(static_cast<size_t>(count * info_.channels))};
    const char* at = bytes.data();
    for (int64_t t = 0; t < count; ++t)
      for (int c = 0; c < info_.channels; ++c, at += bits_ / 8)
        block.samples[static_cast<size_t>(c * count + t)] = sample_at(at, bits_, floating_);
    return block;
  }

  std::unique_ptr<ByteStream> bytes_;
  int bits_ = 0;
  bool floating_ = false;
  uint64_t position_ = 0, frame_bytes_ = 0;
  uint32_t riff_size_ = 0;
  uint64_t large_size_ = 0;  // of RF64
};

class WavStreamWriter : public AudioWriter {
 public:
  WavStreamWriter(int descriptor, const std::string& name, const OutputFormat& format)
      : AudioWriter(format, name), descriptor_(descriptor) {
    keeps_ = format.samples == SampleFormat::floating;
    bits_ = format.samples == SampleFormat::pcm16 ? 16 : format.samples == SampleFormat::pcm24 ? 24 : 0;
    const uint32_t bytes = bits_ == 0 ? 4 : static_cast<uint32_t>(bits_ / 8);
    const uint32_t frame = bytes * static_cast<uint32_t>(format.channels);
    const auto size = static_cast<uint64_t>(std::max<int64_t>(format.frames, 0)) * frame;
    const bool known = format.frames >= 0 && size < 0x7FFFF000;
    const auto data = known ? static_cast<uint32_t>(size) : 0xFFFFFFFF;
    std::string header = "RIFF";
    append<uint32_t>(header, known ? data + data % 2 + 36 : data);
    header += "WAVEfmt ";
    append<uint32_t>(header, 16);
    append<uint16_t>(header, bits_ == 0 ? kFloat : kPcm);
    append<uint16_t>(header, static_cast<uint16_t>(format.channels));
    append<uint32_t>(header, static_cast<uint32_t>(format.sample_rate));
    append<uint32_t>(header, static_cast<uint32_t>(format.sample_rate) * frame);
    append<uint16_t>(header, static_cast<uint16_t>(frame));
    append<uint16_t>(header, static_cast<uint16_t>(8 * bytes));
    header += "data";
    append<uint32_t>(header, data);
    write_bytes(header);
  }

  void finish() override {
    if (written_ % 2 == 1) write_bytes(std::string(1, '\0'));  // chunks have even sizes
  }

 private:
  template <class Number>
  static void append(std::string& bytes, Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }

  void write_integers(const std::vector<int>& interleaved) override {
    std::string bytes;
    const auto width = static_cast<size_t>(bits_ / 8);
    for (const int sample : interleaved) bytes.append(reinterpret_cast<const char*>(&sample) + (4 - width), width);
    written_ += bytes.size();
    write_bytes(bytes);
  }

  void write_floats(const std::vector<float>& interleaved) override {
    write_bytes({reinterpret_cast<const char*>(interleaved.data()), interleaved.size() * sizeof(float)});
  }

  void write_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      check_call(count >= 0, "audio", "cannot write {}", name_);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
  }

  int descriptor_;
  uint64_t written_ = 0;  // bytes of integer samples
};

}  // namespace

std::unique_ptr<AudioReader> open_wav(std::unique_ptr<ByteStream> bytes) {
  return std::make_unique<WavStreamReader>(std::move(bytes));
}

std::unique_ptr<AudioWriter> create_wav_stream(int descriptor, const std::string& name, const OutputFormat& format) {
  return std::make_unique<WavStreamWriter>(descriptor, name, format);
}

}  // namespace unmix
