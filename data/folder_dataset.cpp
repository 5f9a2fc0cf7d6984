#include "data/folder_dataset.h"

#include <algorithm>

#include "base/error.h"

namespace unmix {

FolderDataset::FolderDataset(const DatasetOptions& options, const Listing& listing, const OpenTracks& open)
    : Dataset(options, listing.sample_rate),
      augmentations_(options.augmentations()),
      seed_(options.seed),
      train_(open_split(options, listing, true, open)),
      valid_(open_split(options, listing, false, open)) {}

std::vector<FolderDataset::Opened> FolderDataset::open_split(const DatasetOptions& options, const Listing& listing,
                                                             bool training, const OpenTracks& open) {
  std::vector<Track> files;
  std::vector<const ListedTrack*> usable;
  const std::string split = training ? "train" : "valid";
  const std::vector<ListedTrack>& tracks = listing.split(training);
  for (const ListedTrack& track : tracks) {
    if (!track.problem.empty()) {
      left_out_.push_back(fmt::format("{}/{} is left out: {}", split, track.name, track.problem));
      continue;
    }
    if (!track.doubt.empty()) left_out_.push_back(fmt::format("warning: {}/{}: {}", split, track.name, track.doubt));
    usable.push_back(&track);
    for (const auto& file : track.files) files.push_back({file.filename().string(), {file}, listing.sample_rate});
  }
  check(!tracks.empty() || !training, "data", "{}: there are no tracks in this folder",
        (options.root / split).string());
  check(!usable.empty() || tracks.empty(), "data", "{}: no track can be used; the first, '{}': {}",
        (options.root / split).string(), tracks.empty() ? "" : tracks[0].name, tracks.empty() ? "" : tracks[0].problem);
  const DecodedTracks decoded = files.empty() ? DecodedTracks{} : open(files);
  std::vector<Opened> opened;
  auto next = decoded.begin();
  for (const ListedTrack* track : usable) {
    const auto end = next + static_cast<std::ptrdiff_t>(track->files.size());
    opened.push_back({track->name, DecodedTracks(next, end), track->frames, track->source, track->has_target});
    for (; next != end; ++next) opened.back().frames = std::min(opened.back().frames, (*next)->frames());
  }
  return opened;
}

std::vector<std::string> FolderDataset::contents() const {
  std::vector<std::string> list;
  for (const auto* tracks : {&train_, &valid_})
    for (const Opened& track : *tracks)
      for (const auto& file : track.files)
        list.push_back(content(tracks == &train_, track.name + "/" + file->name(), file->frames()));
  return list;
}

}  // namespace unmix
