#include "tests/support/encoded_files.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

#include <cmath>
#include <stdexcept>

namespace unmix::test {
namespace {

void require(int error) {
  if (error < 0) throw std::runtime_error("libav failed in a test helper: " + std::to_string(error));
}

AVCodecContext* open_encoder(AVFormatContext* format, const Audio& audio, const Encoding& encoding) {
  const AVCodec* codec = avcodec_find_encoder_by_name(encoding.codec.c_str());
  if (codec == nullptr) throw std::runtime_error("libav has no encoder " + encoding.codec);
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->sample_rate = audio.sample_rate;
  context->sample_fmt = av_get_sample_fmt(encoding.samples.c_str());
  context->bit_rate = 128000 * audio.channels;
  context->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
  if ((format->oformat->flags & AVFMT_GLOBALHEADER) != 0) context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&context->ch_layout, audio.channels);
  require(avcodec_open2(context, codec, nullptr));
  AVStream* stream = avformat_new_stream(format, nullptr);
  stream->time_base = {1, audio.sample_rate};
  require(avcodec_parameters_from_context(stream->codecpar, context));
  return context;
}

template <class Sample>
void fill(AVFrame* frame, const Audio& audio, int64_t begin, double scale) {
  const bool planar = av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame->format)) != 0;
  for (int c = 0; c < audio.channels; ++c)
    for (int t = 0; t < frame->nb_samples; ++t) {
      const auto sample = static_cast<Sample>(audio.channel(c)[static_cast<size_t>(begin + t)] * scale);
      const int place = planar ? t : t * audio.channels + c;
      reinterpret_cast<Sample*>(frame->extended_data[planar ? c : 0])[place] = sample;
    }
}

void fill(AVFrame* frame, const Audio& audio, int64_t begin) {
  switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame->format))) {
    case AV_SAMPLE_FMT_S16: return fill<int16_t>(frame, audio, begin, 0x1p15);
    case AV_SAMPLE_FMT_S32: return fill<int32_t>(frame, audio, begin, 0x1p31);
    case AV_SAMPLE_FMT_DBL: return fill<double>(frame, audio, begin, 1);
    default: return fill<float>(frame, audio, begin, 1);
  }
}

void write_packets(AVFormatContext* format, AVCodecContext* encoder, int stream, const AVFrame* frame) {
  require(avcodec_send_frame(encoder, frame));
  AVPacket* packet = av_packet_alloc();
  while (avcodec_receive_packet(encoder, packet) == 0) {
    packet->stream_index = stream;
    av_packet_rescale_ts(packet, {1, encoder->sample_rate}, format->streams[stream]->time_base);
    require(av_interleaved_write_frame(format, packet));
  }
  av_packet_free(&packet);
}

void encode(AVFormatContext* format, AVCodecContext* encoder, int stream, const Audio& audio) {
  const int64_t step = encoder->frame_size > 0 ? encoder->frame_size : 1024;
  for (int64_t begin = 0; begin < audio.frames(); begin += step) {
    AVFrame* frame = av_frame_alloc();
    frame->nb_samples = static_cast<int>(std::min(step, audio.frames() - begin));
    frame->format = encoder->sample_fmt;
    frame->sample_rate = audio.sample_rate;
    frame->pts = begin;
    require(av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout));
    require(av_frame_get_buffer(frame, 0));
    fill(frame, audio, begin);
    write_packets(format, encoder, stream, frame);
    av_frame_free(&frame);
  }
  write_packets(format, encoder, stream, nullptr);
}

// Bytes that are no picture: nobody is to look at them.
AVStream* add_pictures(AVFormatContext* format) {
  AVStream* stream = avformat_new_stream(format, nullptr);
  stream->time_base = {1, 25};
  stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
  stream->codecpar->codec_id = AV_CODEC_ID_MJPEG;
  stream->codecpar->width = stream->codecpar->height = 16;
  return stream;
}

void write_picture(AVFormatContext* format, const AVStream* stream) {
  AVPacket* packet = av_packet_alloc();
  require(av_new_packet(packet, 100));
  std::fill_n(packet->data, 100, uint8_t{7});
  packet->stream_index = stream->index;
  packet->pts = packet->dts = 0;
  packet->duration = av_rescale_q(1, {1, 25}, stream->time_base);
  packet->flags = AV_PKT_FLAG_KEY;
  require(av_interleaved_write_frame(format, packet));
  av_packet_free(&packet);
}

}  // namespace

void write_encoded(const std::filesystem::path& path, const std::vector<Audio>& streams, const Encoding& encoding) {
  av_log_set_level(AV_LOG_QUIET);
  AVFormatContext* format = nullptr;
  require(avformat_alloc_output_context2(&format, nullptr, encoding.container.c_str(), path.c_str()));
  const AVStream* pictures = encoding.picture ? add_pictures(format) : nullptr;
  std::vector<AVCodecContext*> encoders;
  for (const Audio& audio : streams) encoders.push_back(open_encoder(format, audio, encoding));
  require(avio_open(&format->pb, path.c_str(), AVIO_FLAG_WRITE));
  if (encoding.piped) format->pb->seekable = 0;
  require(avformat_write_header(format, nullptr));
  if (pictures != nullptr) write_picture(format, pictures);
  const int first = pictures == nullptr ? 0 : 1;
  for (size_t s = 0; s < streams.size(); ++s) encode(format, encoders[s], first + static_cast<int>(s), streams[s]);
  require(av_write_trailer(format));
  for (AVCodecContext* encoder : encoders) avcodec_free_context(&encoder);
  avio_closep(&format->pb);
  avformat_free_context(format);
}

void write_stem_file(const std::filesystem::path& path, const std::vector<Audio>& streams, const Encoding& encoding) {
  write_encoded(path, streams, encoding);
}

}  // namespace unmix::test
