#include "data/cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "audio/audio.h"
#include "audio/resampler.h"
#include "base/check_call.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFormatVersion = 1;

// The first bytes of a cache file; parts of channels * frames int16 follow.
struct Header {
  std::array<char, 8> magic = {'u', 'n', 'm', 'i', 'x', 'i', '1', '6'};
  uint32_t version = kFormatVersion;
  uint32_t parts = 0;
  uint32_t channels = 0;
  uint32_t sample_rate = 0;
  int64_t frames = 0;
  uint64_t key = 0;  // of the source files
  float scale = 0;
  uint32_t reserved = 0;
  uint64_t checksum = 0;  // of the header before it
};
static_assert(sizeof(Header) == 56);

// FNV-1a.
uint64_t hash(std::string_view bytes) {
  uint64_t value = 0xcbf29ce484222325;
  for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return value;
}

uint64_t checksum(const Header& header) {
  return hash({reinterpret_cast<const char*>(&header), offsetof(Header, checksum)});
}

bool is_one_signal(const Track& track) { return track.files.size() == 1 && !is_stem_file(track.files.front()); }

// Changes with the place, size or modification time of any source file, and with the rate of one signal; the same by
// whatever path the file is reached.
uint64_t key_of(const Track& track) {
  std::string text;
  for (const fs::path& file : track.files) {
    struct stat status {};
    check_call(::stat(file.c_str(), &status) == 0, "data", "{}", file.string());
    text += fmt::format("{}|{}|{}.{}|", fs::canonical(file).string(), status.st_size, status.st_mtim.tv_sec,
                        status.st_mtim.tv_nsec);
  }
  if (is_one_signal(track)) text += fmt::format("{} Hz", track.sample_rate);
  return hash(text);
}

fs::path file_of(const Track& track, const fs::path& cache_folder) {
  std::string source = fs::canonical(track.files.front()).string();
  if (is_one_signal(track)) source += fmt::format("|{} Hz", track.sample_rate);
  const uint64_t place = hash(source);
  return cache_folder / fmt::format("{}-{:016x}.i16", track.name.substr(0, 100), place);
}

float scale_of(const Track& track, const std::vector<Audio>& parts) {
  float peak = 1;
  for (const Audio& part : parts) {
    for (const float sample : part.samples) peak = std::max(peak, std::fabs(sample));
  }
  return (is_stem_file(track.files.front()) ? 1 : peak) / 32768;
}

// Appends the part's samples, interleaved.
void append_int16(AtomicFile& file, const Audio& part, float scale) {
  constexpr int64_t kBlock = 1 << 16;  // frames
  const auto channels = static_cast<size_t>(part.channels);
  std::vector<int16_t> block(kBlock * channels);
  for (int64_t begin = 0; begin < part.frames(); begin += kBlock) {
    const auto count = static_cast<size_t>(std::min(kBlock, part.frames() - begin));
    for (size_t c = 0; c < channels; ++c) {
      const auto samples = part.channel(static_cast<int>(c)).subspan(static_cast<size_t>(begin), count);
      for (size_t t = 0; t < count; ++t) {
        const float rounded = std::clamp(std::nearbyint(samples[t] / scale), -32768.0F, 32767.0F);
        block[t * channels + c] = static_cast<int16_t>(rounded);
      }
    }
    file.append({reinterpret_cast<const char*>(block.data()), count * channels * sizeof(int16_t)});
  }
}

// The track as its files have it: mixture, then the sources in the order of musdb_sources; or the one signal.
std::vector<Audio> read_parts(const Track& track) {
  if (is_stem_file(track.files.front())) return read_musdb_stems(track.files.front());
  std::vector<Audio> parts;
  for (const fs::path& file : track.files) parts.push_back(read_audio(file));
  return parts;
}

// Writes the track's cache file.
void write_decoded(AtomicFile& file, const Track& track, uint64_t key) {
  std::vector<Audio> parts = read_parts(track);
  std::vector<AudioInfo> forms;
  for (const Audio& part : parts) forms.push_back({part.sample_rate, part.channels, part.frames()});
  const AudioInfo form = form_of(track, forms);
  if (form.sample_rate != parts[0].sample_rate) parts[0] = resample(parts[0], form.sample_rate);
  Header header;
  header.parts = static_cast<uint32_t>(parts.size());
  header.channels = static_cast<uint32_t>(form.channels);
  header.sample_rate = static_cast<uint32_t>(form.sample_rate);
  header.frames = form.frames;
  header.key = key;
  header.scale = scale_of(track, parts);
  header.checksum = checksum(header);
  file.append({reinterpret_cast<const char*>(&header), sizeof(header)});
  for (const Audio& part : parts) append_int16(file, part, header.scale);
}

// Closes on every way out.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

fs::path default_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "unmix";
  const char* home = std::getenv("HOME");
  check(home != nullptr && *home != '\0', "data", "no folder for decoded audio: HOME and XDG_CACHE_HOME are not set");
  return fs::path(home) / ".cache" / "unmix";
}

AudioInfo form_of(const Track& track, const std::vector<AudioInfo>& files) {
  const AudioInfo& first = files[0];
  for (const AudioInfo& file : files)
    check(file.frames == first.frames && file.channels == first.channels, "data",
          "track '{}': its files have unequal lengths or channels", track.name);
  if (!is_one_signal(track) || first.sample_rate == track.sample_rate) return first;
  return {track.sample_rate, first.channels, resampled_frames(first.frames, first.sample_rate, track.sample_rate)};
}

DecodedTrack::DecodedTrack(std::string name, int parts, const AudioInfo& form)
    : name_(std::move(name)),
      sample_rate_(form.sample_rate),
      channels_(form.channels),
      parts_(parts),
      frames_(form.frames) {}

DecodedTrack::DecodedTrack(const Track& track, const fs::path& cache_folder) : name_(track.name) {
  const uint64_t key = key_of(track);
  const fs::path file = file_of(track, cache_folder);
  const auto parts = static_cast<uint32_t>(is_one_signal(track) ? 1 : 1 + musdb_sources.size());
  if (map(file, key, parts)) return;
  make_folder("data", cache_folder);
  AtomicFile written(file);
  write_decoded(written, track, key);
  // Mapped before it gets its name, under which another process may put its own at any time.
  check(map(written.temporary(), key, parts), "data", "{}: the decoded audio just written cannot be read back",
        file.string());
  written.commit();
}

DecodedTrack::~DecodedTrack() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_bytes_);
}

bool DecodedTrack::map(const fs::path& file, uint64_t key, uint32_t parts) {
  const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  Header header;
  if (descriptor.value < 0 || ::read(descriptor.value, &header, sizeof(header)) != sizeof(header)) return false;
  if (header.magic != Header().magic || header.version != kFormatVersion || header.checksum != checksum(header) ||
      header.key != key || header.parts != parts) {
    return false;
  }
  const size_t samples = size_t{header.parts} * header.channels * static_cast<size_t>(header.frames);
  mapped_bytes_ = sizeof(header) + samples * sizeof(int16_t);
  struct stat status {};
  if (::fstat(descriptor.value, &status) != 0 || static_cast<size_t>(status.st_size) != mapped_bytes_) return false;
  void* mapping = ::mmap(nullptr, mapped_bytes_, PROT_READ, MAP_SHARED, descriptor.value, 0);
  check_call(mapping != MAP_FAILED, "data", "cannot map {}", file.string());
  mapping_ = mapping;
  sample_rate_ = static_cast<int>(header.sample_rate);
  channels_ = static_cast<int>(header.channels);
  parts_ = static_cast<int>(header.parts);
  frames_ = header.frames;
  scale_ = header.scale;
  return true;
}

std::span<const int16_t> DecodedTrack::part(int index) const {
  const auto* samples = reinterpret_cast<const int16_t*>(static_cast<const char*>(mapping_) + sizeof(Header));
  const size_t size = static_cast<size_t>(channels_) * static_cast<size_t>(frames_);
  return {samples + static_cast<size_t>(index) * size, size};
}

void DecodedTrack::read(int index, int64_t start, int64_t count, float* to, float gain, bool swap) const {
  const float factor = gain * scale_;
  for (int c = 0; c < channels_; ++c) {
    const int16_t* from = part(index).data() + start * channels_ + (swap ? channels_ - 1 - c : c);
    float* row = to + c * count;
    for (int64_t t = 0; t < count; ++t) row[t] = factor * static_cast<float>(from[t * channels_]);
  }
}

DecodedTracks decode_tracks(const std::vector<Track>& tracks, const fs::path& cache_folder, int threads,
                            const std::function<void(size_t, size_t)>& progress) {
  DecodedTracks decoded(tracks.size());
  std::vector<std::exception_ptr> errors(tracks.size());
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  size_t done = 0;
  const auto work = [&] {
    for (size_t i = next++; i < tracks.size() && !failed; i = next++) {
      try {
        decoded[i] = std::make_shared<const DecodedTrack>(tracks[i], cache_folder);
        const std::lock_guard lock(mutex);
        if (progress) progress(++done, tracks.size());
      } catch (...) {
        errors[i] = std::current_exception();
        failed = true;
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    const size_t count = std::min(tracks.size(), static_cast<size_t>(std::max(threads, 1)));
    for (size_t i = 1; i < count; ++i) workers.emplace_back(work);
    work();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return decoded;
}

}  // namespace unmix
