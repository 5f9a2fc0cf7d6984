#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "audio/reader.h"
#include "audio/temporary.h"
#include "base/check_call.h"
#include "base/error.h"

namespace unmix {
namespace {

constexpr int64_t kBlock = 65536;  // frames

// The samples lie frame by frame.
class SpoolReader : public AudioReader {
 public:
  SpoolReader(const AudioInfo& info, std::shared_ptr<std::FILE> file)
      : AudioReader(info, "the temporary file"), file_(std::move(file)) {}

 private:
  Audio next(int64_t frames) override {
    const int64_t count = std::min(frames, info_.frames - position_);
    std::vector<float> samples(static_cast<size_t>(count * info_.channels));
    auto* to = reinterpret_cast<char*>(samples.data());
    auto at = static_cast<off_t>(sizeof(float)) * position_ * info_.channels;
    for (size_t left = samples.size() * sizeof(float); left > 0;) {
      const ssize_t got = ::pread(::fileno(file_.get()), to, left, at);
      if (got < 0 && errno == EINTR) continue;
      check_call(got >= 0, "audio", "cannot read the temporary file");
      check(got > 0, "audio", "the temporary file has been cut short");
      to += got, at += got, left -= static_cast<size_t>(got);
    }
    position_ += count;
    Audio block{info_.sample_rate, info_.channels, std::vector<float>(samples.size())};
    for (int64_t t = 0; t < count; ++t)
      for (int c = 0; c < info_.channels; ++c)
        block.samples[static_cast<size_t>(c * count + t)] = samples[static_cast<size_t>(t * info_.channels + c)];
    return block;
  }

  std::shared_ptr<std::FILE> file_;
  int64_t position_ = 0;
};

class PartReader : public AudioReader {
 public:
  PartReader(std::unique_ptr<AudioReader> reader, int64_t start, int64_t frames)
      : AudioReader(reader->info(), "the audio"), reader_(std::move(reader)), left_(frames) {
    for (int64_t skip = start; skip > 0;) {
      const int64_t skipped = reader_->read(std::min(skip, kBlock)).frames();
      check(skipped > 0, "audio", "too short: it ends {} frames before frame {}", skip, start);
      skip -= skipped;
    }
    info_.frames = reader_->info().frames;
    if (frames >= 0) info_.frames = info_.frames < 0 ? frames : std::min(frames, info_.frames);
  }

 private:
  Audio next(int64_t frames) override {
    if (left_ < 0) return reader_->read(frames);
    Audio block = reader_->read(std::min(frames, left_));
    left_ -= block.frames();
    return block;
  }

  std::unique_ptr<AudioReader> reader_;
  int64_t left_;  // -1: all
};

}  // namespace

std::shared_ptr<std::FILE> open_temporary() {
  std::string path = (std::filesystem::temp_directory_path() / "unmix-XXXXXX").string();
  const int descriptor = ::mkstemp(path.data());
  check_call(descriptor >= 0, "audio", "cannot make a temporary file {}", path);
  ::unlink(path.c_str());
  return {::fdopen(descriptor, "w+b"), [](std::FILE* file) { std::fclose(file); }};
}

std::unique_ptr<AudioReader> open_part(std::unique_ptr<AudioReader> reader, int64_t start, int64_t frames) {
  return std::make_unique<PartReader>(std::move(reader), start, frames);
}

AudioSpool::AudioSpool(AudioReader& reader) : info_(reader.info()), file_(open_temporary()) {
  info_.frames = 0;
  while (true) {
    const Audio block = reader.read(kBlock);
    if (block.frames() == 0) break;
    std::vector<float> samples;
    for (int64_t t = 0; t < block.frames(); ++t)
      for (int c = 0; c < block.channels; ++c) samples.push_back(block.channel(c)[static_cast<size_t>(t)]);
    check_call(std::fwrite(samples.data(), sizeof(float), samples.size(), file_.get()) == samples.size(), "audio",
               "cannot write a temporary file in {}", std::filesystem::temp_directory_path().string());
    info_.frames += block.frames();
  }
  check(info_.frames > 0, "audio", "the stream holds no samples");
  check_call(std::fflush(file_.get()) == 0, "audio", "cannot write a temporary file in {}",
             std::filesystem::temp_directory_path().string());
}

std::unique_ptr<AudioReader> AudioSpool::open() const { return std::make_unique<SpoolReader>(info_, file_); }

}  // namespace unmix
