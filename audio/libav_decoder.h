// One audio stream decoded by libav, its encoder's delay and padding taken off where the file states them.
#pragma once

#include <string>
#include <vector>

#include "audio/audio.h"
#include "audio/libav_input.h"

namespace unmix {

class LibavDecoder {
 public:
  LibavDecoder(LibavInput& input, const AVStream& stream);

  int stream() const { return stream_.index; }
  bool started() const { return sample_rate_ > 0; }  // the first samples are there
  int sample_rate() const { return sample_rate_; }   // once it has started
  int channels() const { return static_cast<int>(channels_.size()); }
  uint64_t speakers() const { return speakers_; }
  bool pcm16() const { return pcm16_; }

  void decode(const AVPacket& packet);
  void end();  // after the last packet; throws where the file stated more

  int64_t available() const { return channels_.empty() ? 0 : static_cast<int64_t>(channels_[0].size()); }
  Audio take(int64_t frames);  // the first of those available

 private:
  struct FreeCodec {
    void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  };
  struct FreeFrame {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  };

  void send(const AVPacket* packet);
  void start();
  void append();

  LibavInput& input_;
  const AVStream& stream_;
  int64_t packets_ = 0, decoded_ = 0, taken_off_ = 0;  // the last two in frames
  std::string problem_;                                // of the packet before: an error unless the file ends there
  std::unique_ptr<AVCodecContext, FreeCodec> context_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  int sample_rate_ = 0;
  uint64_t speakers_ = 0;
  bool pcm16_ = false;
  std::vector<std::vector<float>> channels_;
};

// Takes the decoders' next packet and decodes it; at the end of the file it ends them and gives false.
bool decode_next(LibavInput& input, AVPacket& packet, std::vector<LibavDecoder>& decoders);

}  // namespace unmix
