// Decoded tracks, opened once for all that name them. For any number of threads.
#pragma once

#include <map>
#include <mutex>

#include "data/cache.h"

namespace unmix {

class TrackStore {
 public:
  explicit TrackStore(std::filesystem::path cache_folder) : cache_folder_(std::move(cache_folder)) {}

  // As decode_tracks, for those that are not open yet; others wait.
  DecodedTracks open(const std::vector<Track>& tracks, int threads,
                     const std::function<void(size_t, size_t)>& progress = {});

 private:
  using Key = std::pair<std::vector<std::filesystem::path>, int>;  // files, rate

  std::filesystem::path cache_folder_;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const DecodedTrack>> opened_;
};

}  // namespace unmix
