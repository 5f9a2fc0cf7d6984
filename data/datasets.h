// The data sets, a file each: what lies on disk, and what training opens. data/registry.h lists them.
#pragma once

#include "data/listing.h"

namespace unmix {

Listing list_musdb(const DatasetOptions& options);
Listing list_aligned(const DatasetOptions& options);
Listing list_source_folder(const DatasetOptions& options);  // a track is a file, its name "<source>/<file>"
Listing list_track_folder_fix(const DatasetOptions& options);
Listing list_track_folder_var(const DatasetOptions& options);

// Throw where a folder is missing or nothing in it can be used; of musdb for any track that cannot.
std::unique_ptr<Dataset> open_musdb(const DatasetOptions& options, const OpenTracks& open);
std::unique_ptr<Dataset> open_aligned(const DatasetOptions& options, const OpenTracks& open);
std::unique_ptr<Dataset> open_source_folder(const DatasetOptions& options, const OpenTracks& open);
std::unique_ptr<Dataset> open_track_folder_fix(const DatasetOptions& options, const OpenTracks& open);
std::unique_ptr<Dataset> open_track_folder_var(const DatasetOptions& options, const OpenTracks& open);

}  // namespace unmix
