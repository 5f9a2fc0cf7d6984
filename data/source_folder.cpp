// A folder of files for each source: <root>/train|valid/<source>/*<ext>. A sample is a random excerpt of a random file
// of each source, and their sum; an epoch has nb_train_samples. Validation: nb_valid_samples drawn by their index
// alone, the same in every epoch and for every seed, from the middle of each file.
#include "data/datasets.h"

#include "base/error.h"
#include "data/folder_dataset.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;

// The target last, as Open-Unmix has it.
std::vector<std::string> sources_of(const DatasetOptions& options) {
  std::vector<std::string> sources = options.interferer_dirs;
  sources.push_back(options.target_dir);
  return sources;
}

class SourceFolder : public FolderDataset {
 public:
  SourceFolder(const DatasetOptions& options, const Listing& listing, const OpenTracks& open)
      : FolderDataset(options, listing, open),
        sources_(sources_of(options)),
        train_samples_(options.nb_train_samples),
        valid_samples_(valid().empty() ? 0 : options.nb_valid_samples),
        train_files_(by_source(train(), options.root / "train")),
        valid_files_(by_source(valid(), options.root / "valid")) {}

  int64_t samples_per_epoch() const override { return train_samples_; }
  int64_t validation_items() const override { return valid_samples_; }
  int64_t statistics_items() const override { return train_samples_; }

 private:
  using Files = std::vector<std::vector<const Opened*>>;  // of each source

  Files by_source(const std::vector<Opened>& files, const fs::path& folder) const {
    Files result(sources_.size());
    for (const Opened& file : files) result[file.source].push_back(&file);
    for (size_t k = 0; k < sources_.size() && !files.empty(); ++k)
      check(!result[k].empty(), "data", "{}: no file of this folder can be used", (folder / sources_[k]).string());
    return result;
  }

  static const Opened& any_of(const std::vector<const Opened*>& files, SplitMix& random) {
    return *files[static_cast<size_t>(random.below(static_cast<int64_t>(files.size())))];
  }

  Sample draw(int64_t epoch, int64_t index) const override {
    SplitMix random = this->random(epoch, index);
    Sample sample;
    for (size_t k = 0; k < sources_.size(); ++k) {
      const Opened& file = any_of(train_files_[k], random);
      Excerpt excerpt{file.files[0].get(), random_start(file, random)};
      augment(excerpt, augmentations(), random);
      add(sample, k, file, excerpt);
    }
    return sample;
  }

  // Centred excerpts by the index alone.
  Sample fixed_sample(const Files& files, int64_t index) const {
    SplitMix random(0, 0, static_cast<uint64_t>(index));
    Sample sample;
    for (size_t k = 0; k < sources_.size(); ++k) {
      const Opened& file = any_of(files[k], random);
      add(sample, k, file, {file.files[0].get(), (file.frames - frames()) / 2});
    }
    return sample;
  }

  void add(Sample& sample, size_t k, const Opened& file, const Excerpt& excerpt) const {
    (k + 1 == sources_.size() ? sample.targets : sample.others).push_back(excerpt);
    sample.name += (k == 0 ? "" : ", ") + file.name;
  }

  Whole validation_sample(int64_t index) const override { return {fixed_sample(valid_files_, index), frames()}; }
  Whole statistics_sample(int64_t index) const override { return {fixed_sample(train_files_, index), frames()}; }

  std::vector<std::string> sources_;
  int64_t train_samples_, valid_samples_;
  Files train_files_, valid_files_;
};

}  // namespace

Listing list_source_folder(const DatasetOptions& options) {
  Listing listing;
  const std::vector<std::string> sources = sources_of(options);
  for (const bool training : {true, false}) {
    const fs::path folder = options.root / (training ? "train" : "valid");
    auto& tracks = training ? listing.train : listing.valid;
    for (size_t k = 0; k < sources.size(); ++k) {
      const auto files = files_of(folder / sources[k], options.ext);
      check(!files.empty(), "data", "{}: no files '*{}' in this folder (--ext)", (folder / sources[k]).string(),
            options.ext);
      for (const fs::path& file : files) {
        ListedTrack track{sources[k] + "/" + file.filename().string(), {file}};
        track.source = k;
        tracks.push_back(std::move(track));
      }
    }
  }
  read_headers(listing, options, true);
  return listing;
}

std::unique_ptr<Dataset> open_source_folder(const DatasetOptions& options, const OpenTracks& open) {
  return std::make_unique<SourceFolder>(options, list_source_folder(options), open);
}

}  // namespace unmix
