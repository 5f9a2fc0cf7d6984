// A file opened by libavformat. What every part of libav that audio/ uses shares.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace unmix {

struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Packet = std::unique_ptr<AVPacket, FreePacket>;

Packet make_packet();

std::string libav_words(int error);

// Samples that the decoder is told to take off: at the packet's start and at its end.
int64_t taken_off(const AVPacket& packet);

class LibavInput {
 public:
  LibavInput(const std::filesystem::path& path, std::string name);  // name: in messages
  ~LibavInput();
  LibavInput(const LibavInput&) = delete;
  LibavInput& operator=(const LibavInput&) = delete;

  const std::string& name() const { return name_; }
  bool is_mp4() const;  // its index lists every packet

  std::vector<AVStream*> audio_streams() const;  // in the file's order
  AVStream& main_stream() const;                 // the default one, else the first
  void use_only(const std::vector<AVStream*>& streams);

  // Packets that the header says the stream has (0: it says nothing).
  int64_t stated_packets(const AVStream& stream) const;
  bool discards(const AVStream& stream) const;  // an edit list leaves out packets of the index
  // Samples at the header's rate that it states (0: none), before any is taken off.
  int64_t stated_samples(const AVStream& stream) const;

  // The next packet of a stream in use; false at the end of the file.
  bool read(AVPacket& packet);
  void seek_to_last(const AVStream& stream);  // of an MP4

 private:
  struct FreeIo {
    void operator()(AVIOContext* io) const;
  };

  std::string name_;
  int descriptor_;
  std::unique_ptr<AVIOContext, FreeIo> io_;
  AVFormatContext* context_ = nullptr;
  std::vector<int64_t> stated_durations_;  // of each stream, as far as the header states it
};

}  // namespace unmix
