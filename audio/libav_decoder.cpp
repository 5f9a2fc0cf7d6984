#include "audio/libav_decoder.h"

#include <new>

#include "base/error.h"

namespace unmix {
namespace {

// Sample t of a channel lies at from[t * step]; scale and offset are powers of two, or 0, so that nothing is rounded
// that a float can hold.
template <class Sample>
void append_samples(std::vector<float>& to, const uint8_t* from, int first, int step, int count, float scale) {
  const auto* samples = reinterpret_cast<const Sample*>(from) + first;
  const size_t begin = to.size();
  to.resize(begin + static_cast<size_t>(count));
  float* at = to.data() + begin;
  constexpr float middle = sizeof(Sample) == 1 ? 128.0F : 0.0F;  // integers of 8 bits have no sign
  for (int t = 0; t < count; ++t) at[t] = (static_cast<float>(samples[t * step]) - middle) * scale;
}

// Appends a channel of the frame; false where its samples are of an unknown kind.
bool append_channel(std::vector<float>& to, const AVFrame& frame, int channel) {
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool planar = av_sample_fmt_is_planar(format) != 0;
  const uint8_t* from = frame.extended_data[planar ? channel : 0];
  const int first = planar ? 0 : channel, step = planar ? 1 : frame.ch_layout.nb_channels, count = frame.nb_samples;
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_U8: append_samples<uint8_t>(to, from, first, step, count, 0x1p-7F); break;
    case AV_SAMPLE_FMT_S16: append_samples<int16_t>(to, from, first, step, count, 0x1p-15F); break;
    case AV_SAMPLE_FMT_S32: append_samples<int32_t>(to, from, first, step, count, 0x1p-31F); break;
    case AV_SAMPLE_FMT_S64: append_samples<int64_t>(to, from, first, step, count, 0x1p-63F); break;
    case AV_SAMPLE_FMT_FLT: append_samples<float>(to, from, first, step, count, 1.0F); break;
    case AV_SAMPLE_FMT_DBL: append_samples<double>(to, from, first, step, count, 1.0F); break;
    default: return false;
  }
  return true;
}

bool is_lossless(AVCodecID codec) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec);
  return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_LOSSLESS) != 0;
}

}  // namespace

LibavDecoder::LibavDecoder(LibavInput& input, const AVStream& stream) : input_(input), stream_(stream) {
  const AVCodecID id = stream.codecpar->codec_id;
  const AVCodec* codec = avcodec_find_decoder(id);
  check(codec != nullptr, "audio", "{}: no decoder for {}", input.name(), avcodec_get_name(id));
  context_.reset(avcodec_alloc_context3(codec));
  frame_.reset(av_frame_alloc());
  if (!context_ || !frame_) throw std::bad_alloc();
  int error = avcodec_parameters_to_context(context_.get(), stream.codecpar);
  context_->pkt_timebase = stream.time_base;
  // FLAC's checksums; those of MP3 are wrong in files that are played all over the world.
  if (id == AV_CODEC_ID_FLAC) context_->err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
  if (error >= 0) error = avcodec_open2(context_.get(), codec, nullptr);
  check(error >= 0, "audio", "{}: the file is corrupt, or {} of a kind that is not read ({})", input.name(),
        avcodec_get_name(id), libav_words(error));
}

void LibavDecoder::decode(const AVPacket& packet) {
  check(problem_.empty(), "audio", "{}", problem_);
  ++packets_;
  taken_off_ += taken_off(packet);
  if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0)
    problem_ = fmt::format("{}: the file is truncated or corrupt (packet {})", input_.name(), packets_);
  else
    send(&packet);
}

void LibavDecoder::end() {
  const int64_t packets = input_.stated_packets(stream_), samples = input_.stated_samples(stream_);
  check(packets_ >= packets, "audio", "{}: the file is truncated: {} of {} packets are there", input_.name(), packets_,
        packets);
  // A file that states no length may end anywhere.
  check(problem_.empty() || (packets == 0 && samples == 0), "audio", "{}", problem_);
  problem_.clear();
  send(nullptr);
  check(problem_.empty(), "audio", "{}", problem_);
  check(decoded_ + taken_off_ >= samples, "audio", "{}: the file is truncated: {} of {} frames are there",
        input_.name(), decoded_ + taken_off_, samples);
}

void LibavDecoder::send(const AVPacket* packet) {
  int error = avcodec_send_packet(context_.get(), packet);
  while (error >= 0) {
    error = avcodec_receive_frame(context_.get(), frame_.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return;
    if (error >= 0) append();
  }
  problem_ = fmt::format("{}: the file is truncated, corrupt or several files in one ({} in packet {})", input_.name(),
                         libav_words(error), packets_);
}

void LibavDecoder::start() {
  sample_rate_ = frame_->sample_rate > 0 ? frame_->sample_rate : context_->sample_rate;
  channels_.resize(static_cast<size_t>(frame_->ch_layout.nb_channels));
  check(sample_rate_ > 0 && !channels_.empty(), "audio", "{}: a stream of {} channels at {} Hz", input_.name(),
        channels_.size(), sample_rate_);
  if (frame_->ch_layout.order == AV_CHANNEL_ORDER_NATIVE) speakers_ = frame_->ch_layout.u.mask;
  const AVSampleFormat packed = av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame_->format));
  pcm16_ = packed == AV_SAMPLE_FMT_S16 && is_lossless(context_->codec_id);
}

void LibavDecoder::append() {
  if (!started()) start();
  const int rate = frame_->sample_rate > 0 ? frame_->sample_rate : context_->sample_rate;
  check(rate == sample_rate_ && frame_->ch_layout.nb_channels == channels(), "audio",
        "{}: corrupt, or several files in one: from frame {} on it has {} channels at {} Hz, before {} at {} Hz",
        input_.name(), decoded_, frame_->ch_layout.nb_channels, rate, channels(), sample_rate_);
  for (int c = 0; c < channels(); ++c)
    check(append_channel(channels_[static_cast<size_t>(c)], *frame_, c), "audio",
          "{}: samples of a kind that is not read", input_.name());
  decoded_ += frame_->nb_samples;
}

Audio LibavDecoder::take(int64_t frames) {
  Audio audio{sample_rate_, channels(), {}};
  audio.samples.reserve(static_cast<size_t>(frames * channels()));
  for (std::vector<float>& channel : channels_) {
    const auto last = channel.begin() + frames;
    audio.samples.insert(audio.samples.end(), channel.begin(), last);
    channel.erase(channel.begin(), last);
    if (channel.empty()) channel = {};  // a whole song's memory goes back at once
  }
  return audio;
}

bool decode_next(LibavInput& input, AVPacket& packet, std::vector<LibavDecoder>& decoders) {
  if (!input.read(packet)) {
    for (LibavDecoder& decoder : decoders) decoder.end();
    return false;
  }
  for (LibavDecoder& decoder : decoders)
    if (packet.stream_index == decoder.stream()) decoder.decode(packet);
  return true;
}

}  // namespace unmix
