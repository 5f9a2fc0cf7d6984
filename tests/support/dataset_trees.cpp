#include "tests/support/dataset_trees.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/audio.h"
#include "base/file.h"
#include "data/registry.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of_track(const std::string& dataset, int track) {
  if (dataset == "musdb") return {"mixture", "vocals", "drums", "bass", "other"};
  if (dataset == "aligned") return {"noisy", "clean"};
  if (dataset == "sourcefolder") return {"drums", "bass", "vocals"};
  if (dataset == "trackfolder_fix") return {"vocals", "drums", "bass"};
  std::vector<std::string> files{"vocals"};
  for (int k = 0; k <= track % 3; ++k) files.push_back("part" + std::to_string(k));
  return files;
}

void write_split(const std::string& dataset, const fs::path& folder, int tracks, int first_id, char first_name) {
  for (int track = tracks - 1; track >= 0; --track) {  // not in the order of names
    const std::string name(1, static_cast<char>(first_name + track));
    const auto files = files_of_track(dataset, track);
    for (size_t f = 0; f < files.size(); ++f) {
      const bool by_source = dataset == "sourcefolder";
      const fs::path file = folder / (by_source ? files[f] : name) / ((by_source ? name : files[f]) + ".wav");
      fs::create_directories(file.parent_path());
      write_source(file, first_id + 8 * track + static_cast<int>(f), tree_length(track));
    }
  }
}

}  // namespace

int64_t tree_length(int track) { return 4000 + 500 * track; }

void write_source(const fs::path& file, int id, int64_t frames, int channels, int rate) {
  Audio audio{rate, channels, std::vector<float>(static_cast<size_t>(channels * frames))};
  for (int64_t t = 0; t < frames; ++t) {
    audio.channel(0)[static_cast<size_t>(t)] = static_cast<float>(id + 1) / 128;
    for (int c = 1; c < channels; ++c)
      audio.channel(c)[static_cast<size_t>(t)] = static_cast<float>(c * (1000 + t)) / 32768;
  }
  write_audio(file, audio);
}

void write_tree(const std::string& dataset, const fs::path& root) {
  const bool musdb = dataset == "musdb";
  write_split(dataset, root / "train", kTreeTracks, 0, 'a');
  write_split(dataset, root / (musdb ? "train" : "valid"), kTreeValid, 32, 'v');
  if (musdb) write_file(root / "validation.txt", "v\nw\n");
}

DatasetOptions tree_options(const std::string& dataset, const fs::path& root) {
  DatasetOptions options;
  options.dataset = dataset;
  options.root = root;
  options.is_wav = dataset == "musdb";
  options.seq_dur = 0.05;
  options.samples_per_track = 5;
  options.nb_train_samples = 20;
  options.nb_valid_samples = 6;
  options.source_augmentations.emplace();
  options.input_file = "noisy.wav";
  options.output_file = "cl?an.wav";
  options.interferer_dirs = {"drums", "bass"};
  options.target_dir = "vocals";
  options.target_file = "vocals.wav";
  options.interferer_files = {"drums.wav", "bass.wav"};
  return options;
}

Names tree_train_arguments(const std::filesystem::path& folder, const std::filesystem::path& output) {
  return {"train",
          "--root",
          (folder / "root").string(),
          "--cache",
          (folder / "cache").string(),
          "--output",
          output.string(),
          "--device",
          "cpu",
          "--nfft",
          "256",
          "--nhop",
          "64",
          "--hidden-size",
          "4",
          "--nb-layers",
          "1",
          "--seq-dur",
          "0.05"};
}

std::unique_ptr<Dataset> open_tree(const DatasetOptions& options) {
  return find_dataset(options.dataset).open(options, [&](const std::vector<Track>& tracks) {
    return decode_tracks(tracks, options.root.parent_path() / "cache", 2);
  });
}

Place place_of(const float* excerpt, int64_t frames) {
  int64_t wrong = 0;
  for (int64_t t = 0; t < frames; ++t) {
    wrong += excerpt[t] != excerpt[0] ? 1 : 0;
    wrong += excerpt[frames + t] != excerpt[frames] + static_cast<float>(t) / 32768 ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0) << "no excerpt of one source";
  return {static_cast<int>(std::lround(excerpt[0] * 128)) - 1, std::lround(excerpt[frames] * 32768) - 1000};
}

}  // namespace unmix::test
