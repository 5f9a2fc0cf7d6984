#include "data/listing.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/folder.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

void read_infos(ListedTrack& track) {
  if (!track.problem.empty()) return;
  try {
    for (const fs::path& file : track.files) {
      check(!is_stem_file(file), "data", "{}: a .stem.mp4 holds five signals, files of one are expected",
            file.string());
      track.infos.push_back(audio_info(file));
    }
  } catch (const Error& error) {
    track.problem = error.what();
  }
}

// The rate of most files; of equally many the higher.
int most_common_rate(const Listing& listing) {
  std::map<int, int64_t> counts;
  for (const auto* split : {&listing.train, &listing.valid}) {
    for (const ListedTrack& track : *split) {
      for (const AudioInfo& info : track.infos) ++counts[info.sample_rate];
    }
  }
  int rate = 44100;
  int64_t most = 0;
  for (const auto& [value, count] : counts) {
    if (count >= most) rate = value;
    most = std::max(most, count);
  }
  return rate;
}

bool fits(int channels, const DatasetOptions& options) {
  const auto augmentations = options.augmentations();
  const bool stereo = std::ranges::count(augmentations, Augmentation::force_stereo) > 0;
  return options.nb_channels == 1 || channels == options.nb_channels || stereo;
}

std::string channel_problem(const ListedTrack& track, const DatasetOptions& options) {
  for (size_t i = 0; i < track.infos.size(); ++i) {
    const int channels = track.infos[i].channels;
    if (fits(channels, options)) continue;
    const std::string remedy = options.dataset == "aligned" ? "--nb-channels 1" : "--source-augmentations force_stereo";
    return fmt::format("{} has {} channel{}, the model {}: {} takes it", track.files[i].string(), channels,
                       channels == 1 ? "" : "s", options.nb_channels, remedy);
  }
  return "";
}

void measure(ListedTrack& track, int sample_rate) {
  for (size_t i = 0; i < track.infos.size(); ++i) {
    const auto frames = static_cast<int64_t>(std::llround(track.infos[i].duration() * sample_rate));
    track.frames = i == 0 ? frames : std::min(track.frames, frames);
  }
}

std::vector<fs::path> track_folders(const DatasetOptions& options, const std::string& split) {
  const fs::path folder = options.root / split;
  check(is_folder(folder), "data", "{}: no such folder; the root of {} has the folders train and valid",
        folder.string(), options.dataset);
  return folders_in(folder);
}

}  // namespace

std::vector<fs::path> files_of(const fs::path& folder, const std::string& ext) {
  check(is_folder(folder), "data", "{}: no such folder", folder.string());
  std::vector<fs::path> files = files_in(folder);
  std::erase_if(files, [&](const fs::path& file) { return !ends_in(file, ext); });
  return files;
}

void read_headers(Listing& listing, const DatasetOptions& options, bool valid_too) {
  for (auto* split : {&listing.train, &listing.valid})
    for (ListedTrack& track : *split) read_infos(track);
  listing.sample_rate = options.sample_rate > 0 ? options.sample_rate : most_common_rate(listing);
  const auto least = static_cast<int64_t>(options.seq_dur * listing.sample_rate);
  for (auto* split : {&listing.train, &listing.valid}) {
    for (ListedTrack& track : *split) {
      if (!track.problem.empty()) continue;
      measure(track, listing.sample_rate);
      track.problem = channel_problem(track, options);
      const bool bounded = split == &listing.train || valid_too;
      if (track.problem.empty() && bounded && track.frames <= least)
        track.problem = fmt::format("its {:.2f} s are not longer than excerpts of {:.2f} s (--seq-dur)",
                                    static_cast<double>(track.frames) / listing.sample_rate, options.seq_dur);
    }
  }
}

Listing list_folders(const DatasetOptions& options, bool valid_too,
                     const std::function<ListedTrack(const fs::path& folder)>& list) {
  Listing listing;
  for (const fs::path& folder : track_folders(options, "train")) listing.train.push_back(list(folder));
  for (const fs::path& folder : track_folders(options, "valid")) listing.valid.push_back(list(folder));
  read_headers(listing, options, valid_too);
  return listing;
}

}  // namespace unmix
