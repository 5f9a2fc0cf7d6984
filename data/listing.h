// The tracks of a data set as they lie on disk, each with what is wrong with it. Only headers are read.
#pragma once

#include "audio/audio.h"
#include "data/dataset.h"

namespace unmix {

struct ListedTrack {
  std::string name;
  std::vector<std::filesystem::path> files = {};
  std::string problem = {};           // why it cannot be used; empty: it can
  std::string doubt = {};             // what makes it likely that it is not as meant, though it can be used
  size_t source = 0;                  // of sourcefolder: the position of its folder among the sources
  bool has_target = true;             // of trackfolder_var: files[0] is the target
  std::vector<AudioInfo> infos = {};  // of the files, where they could be read
  int64_t frames = 0;                 // of the shortest file, at the data set's rate
};

struct Listing {
  int sample_rate = 0;  // Hz
  std::vector<ListedTrack> train, valid;

  const std::vector<ListedTrack>& split(bool training) const { return training ? train : valid; }
};

// The tracks that `list` finds in the folders of <root>/train and <root>/valid, by name; throws where these are
// missing. Their headers are read; valid_too as below.
Listing list_folders(const DatasetOptions& options, bool valid_too,
                     const std::function<ListedTrack(const std::filesystem::path& folder)>& list);

// Files of a folder whose names end in `ext`, in capitals too, sorted. Throws where the folder is missing.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder, const std::string& ext);

// Reads the headers, chooses the rate and finds what is unreadable, has too many or too few channels, or is not longer
// than seq_dur: in train, and where `valid_too`, in valid.
void read_headers(Listing& listing, const DatasetOptions& options, bool valid_too);

}  // namespace unmix
