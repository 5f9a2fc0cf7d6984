// The Native Instruments stem format: an MP4 file of five stereo AAC streams, as MUSDB18 has it.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "audio/container.h"
#include "audio/sound_file.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStems = 5;
constexpr int64_t kBlock = 1 << 18;  // frames: 6 s

struct CloseFormat {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Format = std::unique_ptr<AVFormatContext, CloseFormat>;

std::string words(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  return av_make_error_string(text, sizeof(text), error);
}

Format open_container(const fs::path& path) {
  check_input_file("audio", path);
  av_log_set_level(AV_LOG_QUIET);  // what goes wrong is said in our one line
  AVFormatContext* context = nullptr;
  const int error = avformat_open_input(&context, path.c_str(), nullptr, nullptr);
  check(error >= 0, "audio", "{}: truncated, corrupt or not an MP4 file ({})", path.string(), words(error));
  return Format(context);
}

// The audio streams in the file's order; a picture stream may follow them.
std::vector<AVStream*> stem_streams(const AVFormatContext& context, const fs::path& path) {
  std::vector<AVStream*> streams;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    if (context.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) streams.push_back(context.streams[i]);
  }
  check(streams.size() == kStems, "audio",
        "{}: {} audio streams, a stem file has {}: mixture, drums, bass, other, vocals", path.string(), streams.size(),
        kStems);
  const AVCodecParameters& first = *streams[0]->codecpar;
  for (const AVStream* stream : streams) {
    const AVCodecParameters& own = *stream->codecpar;
    check(own.ch_layout.nb_channels > 0 && own.sample_rate > 0, "audio", "{}: a stream has {} channels at {} Hz",
          path.string(), own.ch_layout.nb_channels, own.sample_rate);
    check(own.sample_rate == first.sample_rate && own.ch_layout.nb_channels == first.ch_layout.nb_channels, "audio",
          "{}: streams of different rates or channels: {} Hz x {} and {} Hz x {}", path.string(), first.sample_rate,
          first.ch_layout.nb_channels, own.sample_rate, own.ch_layout.nb_channels);
  }
  return streams;
}

class StemDecoder {
 public:
  StemDecoder(const AVStream& stream, const fs::path& path)
      : path_(path), expected_(avformat_index_get_entries_count(&stream)) {
    const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
    check(codec != nullptr, "audio", "{}: no decoder for {}", path.string(),
          avcodec_get_name(stream.codecpar->codec_id));
    context_.reset(avcodec_alloc_context3(codec));
    frame_.reset(av_frame_alloc());
    if (!context_ || !frame_) throw std::bad_alloc();
    verify(avcodec_parameters_to_context(context_.get(), stream.codecpar));
    context_->pkt_timebase = stream.time_base;
    verify(avcodec_open2(context_.get(), codec, nullptr));
    channels_.resize(static_cast<size_t>(stream.codecpar->ch_layout.nb_channels));
  }

  void decode(const AVPacket* packet) {
    if (packet != nullptr) ++packets_;
    verify(avcodec_send_packet(context_.get(), packet));
    while (true) {
      const int error = avcodec_receive_frame(context_.get(), frame_.get());
      if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return;
      verify(error);
      append();
    }
  }

  // After the last packet.
  void end() {
    check(packets_ >= expected_, "audio", "{}: the file is truncated: {} of {} packets are there", path_.string(),
          packets_, expected_);
    decode(nullptr);
  }

  int64_t available() const { return static_cast<int64_t>(channels_[0].size()); }

  // The first `frames` of those available.
  Audio take(int64_t frames) {
    Audio audio{context_->sample_rate, static_cast<int>(channels_.size()), {}};
    for (std::vector<float>& channel : channels_) {
      const auto last = channel.begin() + frames;
      audio.samples.insert(audio.samples.end(), channel.begin(), last);
      channel.erase(channel.begin(), last);
      if (channel.empty()) channel = {};  // a whole song's memory goes back at once
    }
    check_finite(audio, path_.string());
    return audio;
  }

 private:
  void verify(int error) const {
    check(error >= 0, "audio", "{}: the file is truncated or corrupt ({} in packet {})", path_.string(), words(error),
          packets_);
  }

  void append() {
    const bool usable =
        frame_->format == AV_SAMPLE_FMT_FLTP && frame_->ch_layout.nb_channels == static_cast<int>(channels_.size());
    check(usable, "audio", "{}: the file is corrupt: packet {} does not decode to {} channels of AAC", path_.string(),
          packets_, channels_.size());
    for (size_t c = 0; c < channels_.size(); ++c) {
      const auto* samples = reinterpret_cast<const float*>(frame_->extended_data[c]);
      channels_[c].insert(channels_[c].end(), samples, samples + frame_->nb_samples);
    }
  }

  fs::path path_;
  int64_t expected_;
  int64_t packets_ = 0;
  std::unique_ptr<AVCodecContext, FreeCodec> context_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  std::vector<std::vector<float>> channels_;
};

// Decodes the next packet of those streams that have a decoder; false at the end of the file.
bool decode_packet(AVFormatContext& context, const std::vector<AVStream*>& streams, std::vector<StemDecoder>& decoders,
                   AVPacket& packet, const fs::path& path) {
  const int error = av_read_frame(&context, &packet);
  if (error == AVERROR_EOF) return false;
  check(error >= 0, "audio", "{}: the file is truncated or corrupt ({})", path.string(), words(error));
  for (size_t s = 0; s < decoders.size(); ++s)
    if (packet.stream_index == streams[s]->index) decoders[s].decode(&packet);
  av_packet_unref(&packet);
  return true;
}

std::unique_ptr<AVPacket, FreePacket> make_packet() {
  std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

using UseBlock = std::function<void(std::vector<Audio>)>;

void take_block(std::vector<StemDecoder>& decoders, int64_t frames, const UseBlock& use) {
  std::vector<Audio> block;
  for (StemDecoder& decoder : decoders) block.push_back(decoder.take(frames));
  use(std::move(block));
}

int64_t fewest_frames(const std::vector<StemDecoder>& decoders) {
  int64_t fewest = decoders[0].available();
  for (const StemDecoder& decoder : decoders) fewest = std::min(fewest, decoder.available());
  return fewest;
}

// Blocks of `frames` frames or somewhat more, and the rest.
void decode_stems(const fs::path& path, int64_t frames, const UseBlock& use) {
  const Format format = open_container(path);
  const std::vector<AVStream*> streams = stem_streams(*format, path);
  std::vector<StemDecoder> decoders;
  for (const AVStream* stream : streams) decoders.emplace_back(*stream, path);
  const auto packet = make_packet();
  bool any = false;
  while (decode_packet(*format, streams, decoders, *packet, path))
    if (const int64_t ready = fewest_frames(decoders); ready >= frames) {
      take_block(decoders, ready, use);
      any = true;
    }
  for (StemDecoder& decoder : decoders) decoder.end();
  const int64_t rest = decoders[0].available();
  for (const StemDecoder& decoder : decoders)
    check(decoder.available() == rest, "audio", "{}: streams of unequal lengths: {} and {} frames", path.string(), rest,
          decoder.available());
  check(any || rest > 0, "audio", "{}: a stream holds no samples", path.string());
  if (rest > 0) take_block(decoders, rest, use);
}

class MixtureReader : public AudioReader {
 public:
  MixtureReader(const fs::path& path, int64_t start, int64_t frames)
      : AudioReader(stem_info(path), path.string()),
        path_(path),
        format_(open_container(path)),
        streams_(stem_streams(*format_, path)),
        packet_(make_packet()),
        start_(start),
        frames_(frames) {
    for (size_t s = 1; s < streams_.size(); ++s) streams_[s]->discard = AVDISCARD_ALL;
    decoders_.emplace_back(*streams_[0], path);
    info_.frames = frames < 0 ? std::max<int64_t>(1, info_.frames - start) : frames;
    for (int64_t left = start; left > 0;) {
      const int64_t skipped = decoded(std::min<int64_t>(left, 65536)).frames();
      check_range(path, start, frames, skipped > 0 ? start + 1 + std::max<int64_t>(frames, 0) : start - left);
      left -= skipped;
    }
  }

 private:
  Audio next(int64_t frames) override {
    if (frames_ < 0) return decoded(frames);
    Audio block = decoded(std::min(frames, frames_ - given_));
    given_ += block.frames();
    check_range(path_, start_, frames_, block.frames() > 0 || given_ == frames_ ? start_ + frames_ : start_ + given_);
    return block;
  }

  // Fewer frames only at the end.
  Audio decoded(int64_t frames) {
    StemDecoder& decoder = decoders_[0];
    while (!ended_ && decoder.available() < frames)
      if (!decode_packet(*format_, streams_, decoders_, *packet_, path_)) {
        decoder.end();
        ended_ = true;
      }
    return decoder.take(std::min(frames, decoder.available()));
  }

  fs::path path_;
  Format format_;
  std::vector<AVStream*> streams_;
  std::unique_ptr<AVPacket, FreePacket> packet_;
  std::vector<StemDecoder> decoders_;  // of the mixture alone
  int64_t start_, frames_, given_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<AudioReader> open_stem_mixture(const fs::path& path, int64_t start, int64_t frames) {
  return std::make_unique<MixtureReader>(path, start, frames);
}

AudioInfo stem_info(const fs::path& path) {
  const Format format = open_container(path);
  const AVStream& mixture = *stem_streams(*format, path)[0];
  AudioInfo info{mixture.codecpar->sample_rate, mixture.codecpar->ch_layout.nb_channels, 0, kStems, false};
  info.frames = av_rescale_q(mixture.duration, mixture.time_base, AVRational{1, info.sample_rate});
  check(info.frames > 0, "audio", "{}: the file holds no samples", path.string());
  return info;
}

void read_stem_blocks(const fs::path& path, const std::function<void(const std::vector<Audio>&)>& use) {
  decode_stems(path, kBlock, use);
}

std::vector<Audio> read_stems(const fs::path& path) {
  std::vector<Audio> stems;
  decode_stems(path, std::numeric_limits<int64_t>::max(), [&](std::vector<Audio> whole) { stems = std::move(whole); });
  return stems;
}

}  // namespace unmix
