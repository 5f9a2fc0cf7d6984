// Audio that libav decodes: one stream of a file.
#include <algorithm>
#include <optional>

#include "audio/decoders.h"
#include "audio/libav_decoder.h"
#include "audio/stems.h"
#include "base/error.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSkip = 65536;  // frames skipped at a time

AVStream& stream_of(const fs::path& path, LibavInput& input) {
  return is_stem_file(path) ? *stem_streams(input)[0] : input.main_stream();
}

class LibavReader : public AudioReader {
 public:
  LibavReader(const fs::path& path, const std::string& name, int64_t start, int64_t frames)
      : AudioReader({}, name), input_(path, name), packet_(make_packet()), start_(start), frames_(frames) {
    AVStream& stream = stream_of(path, input_);
    input_.use_only({&stream});
    decoders_.emplace_back(input_, stream);
    const LibavDecoder& decoder = decoders_[0];
    while (!ended_ && !decoder.started()) ended_ = !decode_next(input_, *packet_, decoders_);
    check(decoder.started(), "audio", "{}: the file holds no samples", name);
    info_ = {decoder.sample_rate(),           decoder.channels(), frames,
             is_stem_file(path) ? kStems : 1, decoder.pcm16(),    decoder.speakers()};
    for (int64_t left = start; left > 0;) {
      const int64_t skipped = decoded(std::min(left, kSkip)).frames();
      if (skipped == 0) check_range(name, start, frames, start - left);
      left -= skipped;
    }
  }

 private:
  Audio next(int64_t frames) override {
    if (frames_ < 0) return decoded(frames);
    Audio block = decoded(std::min(frames, frames_ - given_));
    given_ += block.frames();
    if (block.frames() == 0 && given_ < frames_) check_range(name_, start_, frames_, start_ + given_);
    return block;
  }

  // Fewer frames only at the end.
  Audio decoded(int64_t frames) {
    LibavDecoder& decoder = decoders_[0];
    while (!ended_ && decoder.available() < frames) ended_ = !decode_next(input_, *packet_, decoders_);
    return decoder.take(std::min(frames, decoder.available()));
  }

  LibavInput input_;
  Packet packet_;
  std::vector<LibavDecoder> decoders_;  // one
  int64_t start_, frames_, given_ = 0;
  bool ended_ = false;
};

int64_t frames_of(const AVPacket& packet, const AVStream& stream) {
  return av_rescale_q(packet.duration, stream.time_base, AVRational{1, stream.codecpar->sample_rate});
}

// An MP4's index lists all packets, and those of AAC and ALAC hold equally many frames, but for ALAC's last: the first
// and the last packet tell the number. None where the file is of another kind.
std::optional<int64_t> count_by_index(LibavInput& input, AVStream& stream) {
  const AVCodecID codec = stream.codecpar->codec_id;
  const int64_t packets = input.stated_packets(stream);
  if (packets == 0 || (codec != AV_CODEC_ID_AAC && codec != AV_CODEC_ID_ALAC)) return {};
  std::vector<LibavDecoder> decoders;
  decoders.emplace_back(input, stream);
  const Packet packet = make_packet();
  if (!decode_next(input, *packet, decoders)) return {};
  const int64_t each = frames_of(*packet, stream);
  int64_t last = each, off = taken_off(*packet), rest = 0;
  while (!decoders[0].started())
    if (!decode_next(input, *packet, decoders)) return {};
  if (packets > 1) {
    input.seek_to_last(stream);
    for (; input.read(*packet); ++rest) {
      if (codec == AV_CODEC_ID_ALAC) last = frames_of(*packet, stream);
      off += taken_off(*packet);
    }
    if (rest != 1) return {};
  }
  const bool usual = each == 1024 || each == 2048 || each == 4096;
  if (!usual || input.discards(stream) || decoders[0].sample_rate() != stream.codecpar->sample_rate) return {};
  return (packets - 1) * each + last - off;
}

// MP3's packets hold equally many frames each; the decoder may refuse the last packet of a file that was cut. None
// where the file ends before its stated length.
std::optional<int64_t> count_by_packets(LibavInput& input, AVStream& stream) {
  Packet packet = make_packet(), last = make_packet();
  int64_t packets = 0, each = 0, off = 0;
  for (; input.read(*packet); ++packets) {
    if (packets == 0) each = frames_of(*packet, stream);
    off += taken_off(*packet);
    packet.swap(last);
  }
  const bool usual = each == 1152 || each == 576;
  if (!usual || packets * each < input.stated_samples(stream)) return {};
  LibavDecoder decoder(input, stream);
  decoder.decode(*last);
  return decoder.started() ? std::optional(packets * each - off) : std::nullopt;
}

}  // namespace

std::unique_ptr<AudioReader> open_libav(const fs::path& path, const std::string& name, int64_t start, int64_t frames) {
  return std::make_unique<LibavReader>(path, name, start, frames);
}

int64_t count_libav_frames(const fs::path& path, const std::string& name) {
  {
    LibavInput input(path, name);
    AVStream& stream = stream_of(path, input);
    input.use_only({&stream});
    const bool mp3 = stream.codecpar->codec_id == AV_CODEC_ID_MP3;
    if (const auto frames = mp3 ? count_by_packets(input, stream) : count_by_index(input, stream)) return *frames;
  }
  LibavReader reader(path, name, 0, -1);
  int64_t frames = 0;
  while (const int64_t count = reader.read(kSkip).frames()) frames += count;
  return frames;
}

}  // namespace unmix
