// The Native Instruments stem format: an MP4 file of five stereo AAC streams, as MUSDB18 has it.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <memory>
#include <string>

#include "audio/audio.h"
#include "audio/container.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr size_t kStems = 5;

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

  Audio finish() {
    check(packets_ >= expected_, "audio", "{}: the file is truncated: {} of {} packets are there", path_.string(),
          packets_, expected_);
    decode(nullptr);
    Audio audio{context_->sample_rate, static_cast<int>(channels_.size()), std::move(channels_[0])};
    for (size_t c = 1; c < channels_.size(); ++c) {
      audio.samples.insert(audio.samples.end(), channels_[c].begin(), channels_[c].end());
      channels_[c] = {};
    }
    check(audio.frames() > 0, "audio", "{}: a stream holds no samples", path_.string());
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

}  // namespace

AudioInfo stem_info(const fs::path& path) {
  const Format format = open_container(path);
  const AVStream& mixture = *stem_streams(*format, path)[0];
  AudioInfo info{mixture.codecpar->sample_rate, mixture.codecpar->ch_layout.nb_channels, 0, kStems, false};
  info.frames = av_rescale_q(mixture.duration, mixture.time_base, AVRational{1, info.sample_rate});
  check(info.frames > 0, "audio", "{}: the file holds no samples", path.string());
  return info;
}

std::vector<Audio> read_stems(const fs::path& path) {
  const Format format = open_container(path);
  const std::vector<AVStream*> streams = stem_streams(*format, path);
  std::vector<StemDecoder> decoders;
  for (const AVStream* stream : streams) decoders.emplace_back(*stream, path);
  const std::unique_ptr<AVPacket, FreePacket> packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  while (true) {
    const int error = av_read_frame(format.get(), packet.get());
    if (error == AVERROR_EOF) break;
    check(error >= 0, "audio", "{}: the file is truncated or corrupt ({})", path.string(), words(error));
    for (size_t s = 0; s < streams.size(); ++s) {
      if (packet->stream_index == streams[s]->index) decoders[s].decode(packet.get());
    }
    av_packet_unref(packet.get());
  }
  std::vector<Audio> stems;
  for (StemDecoder& decoder : decoders) stems.push_back(decoder.finish());
  for (const Audio& stem : stems) {
    check(stem.frames() == stems[0].frames(), "audio", "{}: streams of unequal lengths: {} and {} frames",
          path.string(), stems[0].frames(), stem.frames());
  }
  return stems;
}

}  // namespace unmix
