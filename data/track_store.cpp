#include "data/track_store.h"

namespace unmix {

DecodedTracks TrackStore::open(const std::vector<Track>& tracks, int threads,
                               const std::function<void(size_t, size_t)>& progress) {
  const std::lock_guard lock(mutex_);
  const auto key = [](const Track& track) { return Key{track.files, track.sample_rate}; };
  std::map<Key, Track> missing;
  for (const Track& track : tracks)
    if (!opened_.contains(key(track))) missing.emplace(key(track), track);
  std::vector<Track> to_open;
  for (const auto& [files, track] : missing) to_open.push_back(track);
  const DecodedTracks decoded = decode_tracks(to_open, cache_folder_, threads, progress);
  for (size_t i = 0; i < to_open.size(); ++i) opened_.emplace(key(to_open[i]), decoded[i]);
  DecodedTracks result;
  for (const Track& track : tracks) result.push_back(opened_.at(key(track)));
  return result;
}

}  // namespace unmix
