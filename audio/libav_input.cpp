#include "audio/libav_input.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "base/check_call.h"
#include "base/error.h"

namespace unmix {
namespace {

constexpr int kIoBuffer = 1 << 16;  // bytes

// libav would take a path as a URL ("http:song.mp3" as one of the network), so it gets a descriptor.
int read_bytes(void* opaque, uint8_t* to, int size) {
  while (true) {
    const ssize_t count = ::read(*static_cast<int*>(opaque), to, static_cast<size_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return AVERROR(errno);
    return count == 0 ? AVERROR_EOF : static_cast<int>(count);
  }
}

int64_t seek_bytes(void* opaque, int64_t offset, int whence) {
  const int descriptor = *static_cast<int*>(opaque);
  if ((whence & AVSEEK_SIZE) != 0) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? status.st_size : AVERROR(errno);
  }
  const off_t at = ::lseek(descriptor, offset, whence & ~AVSEEK_FORCE);
  return at >= 0 ? at : AVERROR(errno);
}

// Playlists and the like name other files, on the network too: none is opened.
int open_nothing(AVFormatContext* /*context*/, AVIOContext** /*io*/, const char* /*url*/, int /*flags*/,
                 AVDictionary** /*options*/) {
  return AVERROR(EPERM);
}

}  // namespace

Packet make_packet() {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::string libav_words(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  return av_make_error_string(text, sizeof(text), error);
}

int64_t taken_off(const AVPacket& packet) {
  size_t size = 0;
  const uint8_t* data = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
  return data == nullptr || size < 8 ? 0 : int64_t{AV_RL32(data)} + int64_t{AV_RL32(data + 4)};
}

void LibavInput::FreeIo::operator()(AVIOContext* io) const {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

LibavInput::LibavInput(const std::filesystem::path& path, std::string name)
    : name_(std::move(name)), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  check_call(descriptor_ >= 0, "audio", "cannot read {}", name_);
  av_log_set_level(AV_LOG_QUIET);  // what goes wrong is said in our one line
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBuffer));
  io_.reset(avio_alloc_context(buffer, kIoBuffer, 0, &descriptor_, read_bytes, nullptr, seek_bytes));
  context_ = avformat_alloc_context();
  if (buffer == nullptr || !io_ || context_ == nullptr) throw std::bad_alloc();
  context_->pb = io_.get();
  context_->io_open = open_nothing;
  // Without the name, whose extension would count more than what is in the file.
  int error = avformat_open_input(&context_, nullptr, nullptr, nullptr);
  if (error >= 0) {
    // Before what follows estimates them.
    for (unsigned i = 0; i < context_->nb_streams; ++i) stated_durations_.push_back(context_->streams[i]->duration);
    error = avformat_find_stream_info(context_, nullptr);
  }
  if (error < 0) {
    avformat_close_input(&context_);
    ::close(descriptor_);
    fail("audio", "{}: truncated, corrupt or not a readable audio file ({})", name_, libav_words(error));
  }
}

LibavInput::~LibavInput() {
  avformat_close_input(&context_);
  ::close(descriptor_);
}

bool LibavInput::is_mp4() const { return std::strstr(context_->iformat->name, "mp4") != nullptr; }

std::vector<AVStream*> LibavInput::audio_streams() const {
  std::vector<AVStream*> streams;
  for (unsigned i = 0; i < context_->nb_streams; ++i)
    if (context_->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) streams.push_back(context_->streams[i]);
  return streams;
}

AVStream& LibavInput::main_stream() const {
  const std::vector<AVStream*> streams = audio_streams();
  check(!streams.empty(), "audio", "{}: the file holds no audio", name_);
  for (AVStream* stream : streams)
    if ((stream->disposition & AV_DISPOSITION_DEFAULT) != 0) return *stream;
  return *streams[0];
}

void LibavInput::use_only(const std::vector<AVStream*>& streams) {
  for (unsigned i = 0; i < context_->nb_streams; ++i) context_->streams[i]->discard = AVDISCARD_ALL;
  for (AVStream* stream : streams) stream->discard = AVDISCARD_DEFAULT;
}

int64_t LibavInput::stated_packets(const AVStream& stream) const {
  return is_mp4() ? avformat_index_get_entries_count(&stream) : 0;
}

bool LibavInput::discards(const AVStream& stream) const {
  auto& own = const_cast<AVStream&>(stream);  // avformat_index_get_entry takes no const
  for (int i = 0; i < avformat_index_get_entries_count(&own); ++i)
    if ((avformat_index_get_entry(&own, i)->flags & AVINDEX_DISCARD_FRAME) != 0) return true;
  return false;
}

int64_t LibavInput::stated_samples(const AVStream& stream) const {
  const AVCodecID codec = stream.codecpar->codec_id;
  const auto index = static_cast<size_t>(stream.index);
  const bool stated = (std::strcmp(context_->iformat->name, "mp3") == 0 && codec == AV_CODEC_ID_MP3) ||
                      std::strcmp(context_->iformat->name, "flac") == 0;
  if (!stated || index >= stated_durations_.size() || stated_durations_[index] <= 0) return 0;
  return av_rescale_q(stated_durations_[index], stream.time_base, AVRational{1, stream.codecpar->sample_rate});
}

bool LibavInput::read(AVPacket& packet) {
  av_packet_unref(&packet);
  const int error = av_read_frame(context_, &packet);
  if (error == AVERROR_EOF && io_->error >= 0) return false;
  check(error >= 0, "audio", "{}: the file is truncated or corrupt ({})", name_,
        libav_words(error == AVERROR_EOF ? io_->error : error));
  return true;
}

void LibavInput::seek_to_last(const AVStream& stream) {
  auto& own = const_cast<AVStream&>(stream);  // as above
  const AVIndexEntry* last = avformat_index_get_entry(&own, avformat_index_get_entries_count(&own) - 1);
  const int error = av_seek_frame(context_, stream.index, last->timestamp, AVSEEK_FLAG_ANY | AVSEEK_FLAG_BACKWARD);
  check(error >= 0, "audio", "{}: the file is corrupt ({})", name_, libav_words(error));
}

}  // namespace unmix
