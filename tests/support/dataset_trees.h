// Small folders of every data set, of signals that tell where they come from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace unmix::test {

using Names = std::vector<std::string>;

inline constexpr int kTreeRate = 44100;
inline constexpr int64_t kTreeFrames = 2205;  // of an excerpt, 0.05 s
inline constexpr int kTreeTracks = 4, kTreeValid = 2;

// Track `track` of a split, from 4000 frames on 500 frames longer than the one before.
int64_t tree_length(int track);

// Left: a constant that is the source's id; right: a ramp that is the place.
void write_source(const std::filesystem::path& file, int id, int64_t frames, int channels = 2, int rate = kTreeRate);

// Writes train and valid of the data set below `root`: track t's file f has the id 8 t + f, of valid 32 more. Files by
// their data set: musdb the mixture and the sources in musdb_sources' order; aligned noisy, clean; sourcefolder drums,
// bass, vocals (f is the source, t the file); trackfolder_fix vocals, drums, bass; trackfolder_var vocals and
// 1 + t % 3 others.
void write_tree(const std::string& dataset, const std::filesystem::path& root);

// Options that train on it, without augmentation.
DatasetOptions tree_options(const std::string& dataset, const std::filesystem::path& root);

// `unmix train` of a tiny model on <folder>/root with the cache <folder>/cache, in excerpts of kTreeFrames.
Names tree_train_arguments(const std::filesystem::path& folder, const std::filesystem::path& output);

// Opens it; decoded audio goes to <root>/../cache.
std::unique_ptr<Dataset> open_tree(const DatasetOptions& options);

struct Place {
  int id;
  int64_t start;
};

// Of an excerpt (2, frames) of one source without augmentation; fails the test where it is none.
Place place_of(const float* excerpt, int64_t frames);

}  // namespace unmix::test
