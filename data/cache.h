// Decoded tracks as memory-mapped int16 files, so that no epoch decodes twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audio/musdb.h"

namespace unmix {

// $XDG_CACHE_HOME/unmix, or ~/.cache/unmix.
std::filesystem::path default_cache_folder();

// A track's mixture and sources in memory that the system fills from the file and may take back.
class DecodedTrack {
 public:
  // Opens the track's cache file; decodes the track and writes the file where it is missing, of an older format or
  // damaged, or where a source file's path, size or time has changed since. 16-bit WAV and AAC (rounded as ffmpeg and
  // musdb do: round(32768 x), clipped) keep the values that those have; of other WAV files the 16 highest bits
  // of the track's peak are kept.
  DecodedTrack(const Track& track, const std::filesystem::path& cache_folder);
  // Without samples, for what asks for no more than the form.
  DecodedTrack(std::string name, int parts, const AudioInfo& form);
  ~DecodedTrack();
  DecodedTrack(const DecodedTrack&) = delete;
  DecodedTrack& operator=(const DecodedTrack&) = delete;

  const std::string& name() const { return name_; }
  int sample_rate() const { return sample_rate_; }
  int channels() const { return channels_; }
  int64_t frames() const { return frames_; }
  int parts() const { return parts_; }    // 5, or 1 for a track of one signal
  float scale() const { return scale_; }  // a sample is its int16 times this

  // Interleaved samples; part 0 is the mixture, part 1 + k source k of musdb_sources.
  std::span<const int16_t> part(int index) const;

  // Frames start .. start + count of a part, planar (channels, count), times `gain`; `swap` reverses the channels.
  void read(int part, int64_t start, int64_t count, float* to, float gain = 1, bool swap = false) const;

 private:
  bool map(const std::filesystem::path& file, uint64_t key, uint32_t parts);

  std::string name_;
  int sample_rate_ = 0;
  int channels_ = 0;
  int parts_ = 0;
  int64_t frames_ = 0;
  float scale_ = 0;
  void* mapping_ = nullptr;
  size_t mapped_bytes_ = 0;
};

using DecodedTracks = std::vector<std::shared_ptr<const DecodedTrack>>;

// The form of the decoded track whose files have these forms: one signal is brought to the track's rate. Throws where
// they make no track.
AudioInfo form_of(const Track& track, const std::vector<AudioInfo>& files);

// Opens all tracks, decoding on up to `threads` threads. `progress(done, total)`, if given, is called after each track,
// by one thread at a time.
DecodedTracks decode_tracks(const std::vector<Track>& tracks, const std::filesystem::path& cache_folder, int threads,
                            const std::function<void(size_t, size_t)>& progress = {});

}  // namespace unmix
