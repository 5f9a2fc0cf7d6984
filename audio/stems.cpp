// The Native Instruments stem format: an MP4 file of five stereo streams (AAC in MUSDB18, ALAC elsewhere).
#include "audio/stems.h"

#include <algorithm>
#include <limits>

#include "audio/libav_decoder.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 1 << 18;  // frames: 6 s

using UseBlock = std::function<void(std::vector<Audio>)>;

void take_block(std::vector<LibavDecoder>& decoders, int64_t frames, const std::string& name, const UseBlock& use) {
  std::vector<Audio> block;
  for (LibavDecoder& decoder : decoders) {
    block.push_back(decoder.take(frames));
    check_finite(block.back(), name);
  }
  use(std::move(block));
}

int64_t fewest_frames(const std::vector<LibavDecoder>& decoders) {
  int64_t fewest = decoders[0].available();
  for (const LibavDecoder& decoder : decoders) fewest = std::min(fewest, decoder.available());
  return fewest;
}

// Blocks of `frames` frames or somewhat more, and the rest.
void decode_stems(const fs::path& path, int64_t frames, const UseBlock& use) {
  check_input_file("audio", path);
  LibavInput input(path, path.string());
  const std::vector<AVStream*> streams = stem_streams(input);
  input.use_only(streams);
  std::vector<LibavDecoder> decoders;
  for (const AVStream* stream : streams) decoders.emplace_back(input, *stream);
  const Packet packet = make_packet();
  bool any = false;
  while (decode_next(input, *packet, decoders))
    if (const int64_t ready = fewest_frames(decoders); ready >= frames) {
      take_block(decoders, ready, input.name(), use);
      any = true;
    }
  const int64_t rest = decoders[0].available();
  for (const LibavDecoder& decoder : decoders)
    check(decoder.available() == rest, "audio", "{}: streams of unequal lengths: {} and {} frames", input.name(), rest,
          decoder.available());
  check(any || rest > 0, "audio", "{}: a stream holds no samples", input.name());
  if (rest > 0) take_block(decoders, rest, input.name(), use);
}

}  // namespace

std::vector<AVStream*> stem_streams(const LibavInput& input) {
  std::vector<AVStream*> streams = input.audio_streams();
  check(streams.size() == kStems, "audio",
        "{}: {} audio streams, a stem file has {}: mixture, drums, bass, other, vocals", input.name(), streams.size(),
        kStems);
  const AVCodecParameters& first = *streams[0]->codecpar;
  for (const AVStream* stream : streams) {
    const AVCodecParameters& own = *stream->codecpar;
    check(own.ch_layout.nb_channels > 0 && own.sample_rate > 0, "audio", "{}: a stream has {} channels at {} Hz",
          input.name(), own.ch_layout.nb_channels, own.sample_rate);
    check(own.sample_rate == first.sample_rate && own.ch_layout.nb_channels == first.ch_layout.nb_channels, "audio",
          "{}: streams of different rates or channels: {} Hz x {} and {} Hz x {}", input.name(), first.sample_rate,
          first.ch_layout.nb_channels, own.sample_rate, own.ch_layout.nb_channels);
  }
  return streams;
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
