#include "audio_helpers.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <random>

namespace unmix::test {
namespace {

void require(int error) {
  if (error < 0) throw std::runtime_error("libav failed in a test helper: " + std::to_string(error));
}

AVCodecContext* open_encoder(AVFormatContext* format, const Audio& audio) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  AVCodecContext* context = avcodec_alloc_context3(codec);
  context->sample_rate = audio.sample_rate;
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->bit_rate = 256000;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&context->ch_layout, audio.channels);
  require(avcodec_open2(context, codec, nullptr));
  AVStream* stream = avformat_new_stream(format, nullptr);
  stream->time_base = {1, audio.sample_rate};
  require(avcodec_parameters_from_context(stream->codecpar, context));
  return context;
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
  for (int64_t begin = 0; begin < audio.frames(); begin += encoder->frame_size) {
    AVFrame* frame = av_frame_alloc();
    frame->nb_samples = static_cast<int>(std::min<int64_t>(encoder->frame_size, audio.frames() - begin));
    frame->format = encoder->sample_fmt;
    frame->sample_rate = audio.sample_rate;
    frame->pts = begin;
    require(av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout));
    require(av_frame_get_buffer(frame, 0));
    for (int c = 0; c < audio.channels; ++c) {
      const auto source = audio.channel(c).subspan(static_cast<size_t>(begin), static_cast<size_t>(frame->nb_samples));
      std::copy(source.begin(), source.end(), reinterpret_cast<float*>(frame->extended_data[c]));
    }
    write_packets(format, encoder, stream, frame);
    av_frame_free(&frame);
  }
  write_packets(format, encoder, stream, nullptr);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "unmix-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Audio tone(int sample_rate, int channels, int64_t frames, double frequency) {
  Audio audio{sample_rate, channels, {}};
  for (int c = 0; c < channels; ++c) {
    const double step = 2 * M_PI * frequency * (1 + 0.5 * c) / sample_rate;
    for (int64_t t = 0; t < frames; ++t) {
      audio.samples.push_back(static_cast<float>(0.5 * std::sin(step * static_cast<double>(t))));
    }
  }
  return audio;
}

Audio noise(int sample_rate, int channels, int64_t frames, unsigned seed) {
  std::mt19937 generator(seed);
  Audio audio{sample_rate, channels, {}};
  for (int64_t i = 0; i < frames * channels; ++i) {
    audio.samples.push_back(static_cast<float>(static_cast<int>(generator() % 65536) - 32768) / 32768);
  }
  return audio;
}

void write_stem_file(const std::filesystem::path& path, const std::vector<Audio>& streams) {
  av_log_set_level(AV_LOG_QUIET);
  AVFormatContext* format = nullptr;
  require(avformat_alloc_output_context2(&format, nullptr, "mp4", path.c_str()));
  std::vector<AVCodecContext*> encoders;
  for (const Audio& audio : streams) encoders.push_back(open_encoder(format, audio));
  require(avio_open(&format->pb, path.c_str(), AVIO_FLAG_WRITE));
  require(avformat_write_header(format, nullptr));
  for (size_t s = 0; s < streams.size(); ++s) encode(format, encoders[s], static_cast<int>(s), streams[s]);
  require(av_write_trailer(format));
  for (AVCodecContext* encoder : encoders) avcodec_free_context(&encoder);
  avio_closep(&format->pb);
  avformat_free_context(format);
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

std::filesystem::path shared_data() {
  const char* variable = std::getenv("UNMIX_SHARED_DATA");
#ifdef UNMIX_SHARED_DATA
  const std::filesystem::path path = variable != nullptr ? variable : UNMIX_SHARED_DATA;
#else
  const std::filesystem::path path = variable != nullptr ? variable : "";
#endif
  return std::filesystem::is_directory(path) ? path : std::filesystem::path();
}

}  // namespace unmix::test
