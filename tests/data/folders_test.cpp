// The rules of each data set of folders.
#include <map>
#include <set>

#include "base/file.h"
#include "data/check_data.h"
#include "data/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/dataset_trees.h"
#include "training/options.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Folders : public testing::Test {
 protected:
  DatasetOptions tree(const std::string& dataset) {
    write_tree(dataset, root());
    return tree_options(dataset, root());
  }
  fs::path root() const { return folder_ / "root"; }

  static Place target(const Batch& batch, int64_t b = 0) {
    return place_of(batch.targets[0][b].data(), batch.targets.dim(3));
  }
  static std::vector<float> rest(const Batch& batch, int64_t b = 0) {
    std::vector<float> rest = batch.mixture[b].to_vector();
    const std::vector<float> target = batch.targets[0][b].to_vector();
    for (size_t i = 0; i < rest.size(); ++i) rest[i] -= target[i];
    return rest;
  }

  TemporaryFolder folder_;
};

TEST_F(Folders, AlignedPairsAreOneExcerpt) {
  const auto data = open_tree(tree("aligned"));
  ASSERT_EQ(data->samples_per_epoch(), kTreeTracks);
  std::set<int64_t> starts;
  for (int64_t epoch = 0; epoch < 30; ++epoch) {
    const Batch batch = data->batch(epoch, 0, kTreeTracks);
    for (int64_t b = 0; b < kTreeTracks; ++b) {
      const Place input = place_of(batch.mixture[b].data(), kTreeFrames), output = target(batch, b);
      EXPECT_EQ(input.id, 8 * b);
      EXPECT_EQ(output.id, 8 * b + 1);
      EXPECT_EQ(input.start, output.start);
      EXPECT_GE(input.start, 0);
      EXPECT_LT(input.start, tree_length(static_cast<int>(b)) - kTreeFrames);
      starts.insert(input.start);
    }
  }
  EXPECT_GT(starts.size(), 80U);
  EXPECT_EQ(target(data->validation(1)).start, 0);
  EXPECT_EQ(target(data->validation(1)).id, 32 + 9);
}

TEST_F(Folders, AlignedPatterns) {
  DatasetOptions options = tree("aligned");
  EXPECT_EQ(target_of(options), "cl?an");
  options.target = "speech";
  EXPECT_EQ(target_of(options), "speech");
  fs::rename(root() / "train/b", root() / "train/[b]");  // no pattern where a folder's name looks like one
  write_source(root() / "train/a/clean2.wav", 60, 5000);
  options.output_file = "clean*.wav";  // the first by name
  EXPECT_EQ(target(open_tree(options)->batch(0, 1, 1)).id, 1);
  EXPECT_EQ(open_tree(options)->batch(0, 0, 1).tracks[0], "[b]");
  fs::remove(root() / "train/c/clean.wav");
  const auto data = open_tree(options);
  EXPECT_EQ(data->samples_per_epoch(), kTreeTracks - 1);
  ASSERT_EQ(data->left_out().size(), 1U);
  EXPECT_THAT(data->left_out()[0], HasSubstr("train/c is left out: it has no file 'clean*.wav' (--output-file)"));
  options.output_file = "none.wav";
  EXPECT_THAT(error_of([&] { open_tree(options); }), HasSubstr("no track can be used; the first, '[b]'"));
}

TEST_F(Folders, SourceFolderDrawsFilesOfEachSource) {
  DatasetOptions options = tree("sourcefolder");
  options.interferer_dirs = {"drums"};
  options.nb_train_samples = 400;
  const auto data = open_tree(options);
  ASSERT_EQ(data->samples_per_epoch(), 400);
  const Batch batch = data->batch(0, 0, 400);
  std::map<int, int> targets;
  int alike = 0, alike_starts = 0;
  for (int64_t b = 0; b < 400; ++b) {
    const Place target = this->target(batch, b), other = place_of(rest(batch, b).data(), kTreeFrames);
    EXPECT_EQ(target.id % 8, 2);
    EXPECT_EQ(other.id % 8, 0);
    ++targets[target.id / 8];
    alike += target.id / 8 == other.id / 8 ? 1 : 0;
    alike_starts += target.start == other.start ? 1 : 0;
  }
  EXPECT_LT(alike_starts, 5);  // one pair in 2000 is by chance
  for (int track = 0; track < kTreeTracks; ++track) EXPECT_NEAR(targets[track], 100, 40);  // 4.6 deviations
  EXPECT_NEAR(alike, 100, 40);
}

TEST_F(Folders, SourceFolderValidatesOnCentres) {
  DatasetOptions options = tree("sourcefolder");
  options.nb_valid_samples = 30;
  const auto data = open_tree(options);
  std::set<int> used;
  for (int64_t i = 0; i < 30; ++i) {
    const Place place = target(data->validation(i));
    const int track = place.id / 8 - 4;
    EXPECT_EQ(place.start, (tree_length(track) - kTreeFrames) / 2);
    used.insert(track);
  }
  EXPECT_EQ(used, (std::set<int>{0, 1}));
}

TEST_F(Folders, SourceFolderWantsFilesInEachFolder) {
  DatasetOptions options = tree("sourcefolder");
  options.interferer_dirs = {"drums", "piano"};
  EXPECT_THAT(error_of([&] { open_tree(options); }), HasSubstr("train/piano: no such folder"));
  fs::create_directory(root() / "train/piano");
  EXPECT_THAT(error_of([&] { open_tree(options); }), HasSubstr("train/piano: no files '*.wav' in this folder (--ext)"));
  write_source(root() / "train/piano/short.wav", 1, 100);
  fs::create_directory(root() / "valid/piano");
  write_source(root() / "valid/piano/long.wav", 1, 5000);
  EXPECT_THAT(error_of([&] { open_tree(options); }), HasSubstr("train/piano: no file of this folder can be used"));
}

TEST_F(Folders, FixedFilesAreOneExcerptUnlessMixed) {
  DatasetOptions options = tree("trackfolder_fix");
  options.interferer_files = {"bass.wav"};
  const auto plain = open_tree(options);
  options.random_track_mix = true;
  const auto mixed = open_tree(options);
  std::set<int> others;
  int alike_starts = 0;
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    for (int64_t b = 0; b < kTreeTracks; ++b) {
      const Batch batch = plain->batch(epoch, b, 1), random = mixed->batch(epoch, b, 1);
      const Place together = place_of(rest(batch).data(), kTreeFrames);
      EXPECT_EQ(target(batch).id, 8 * b);
      EXPECT_EQ(together.id, 8 * b + 2);
      EXPECT_EQ(together.start, target(batch).start);
      const Place apart = place_of(rest(random).data(), kTreeFrames);
      EXPECT_EQ(target(random).id, 8 * b);  // each target once an epoch
      EXPECT_EQ(apart.id % 8, 2);
      alike_starts += apart.start == target(random).start ? 1 : 0;
      others.insert(apart.id / 8);
    }
  }
  EXPECT_LT(alike_starts, 3);
  EXPECT_EQ(others.size(), static_cast<size_t>(kTreeTracks));
  EXPECT_FALSE(tree_options("trackfolder_fix", root()).mixes_tracks());
  EXPECT_TRUE(DatasetOptions{}.mixes_tracks());
}

TEST_F(Folders, FixedFilesMustAllBeThere) {
  const DatasetOptions options = tree("trackfolder_fix");
  fs::remove(root() / "train/b/bass.wav");
  write_source(root() / "valid/v/drums.wav", 1, 3000);  // shorter than the others
  const auto data = open_tree(options);
  EXPECT_EQ(data->samples_per_epoch(), kTreeTracks - 1);
  EXPECT_THAT(data->left_out(), testing::ElementsAre("train/b is left out: it has no file 'bass.wav'"));
  EXPECT_EQ(data->validation(0).mixture.dim(2), 3000);
}

TEST_F(Folders, VariableSourcesAreAllButTheTarget) {
  const DatasetOptions options = tree("trackfolder_var");
  const auto data = open_tree(options);
  const Batch batch = data->batch(0, 0, kTreeTracks);
  for (int64_t b = 0; b < kTreeTracks; ++b) {
    EXPECT_EQ(target(batch, b).id, 8 * b);
    float others = 0;
    for (int64_t k = 0; k <= b % 3; ++k) others += static_cast<float>(8 * b + k + 2) / 128;
    EXPECT_FLOAT_EQ(rest(batch, b)[0], others);
  }
}

TEST_F(Folders, VariableSourcesWithoutTheTarget) {
  DatasetOptions options = tree("trackfolder_var");
  fs::remove(root() / "train/b/vocals.wav");
  const auto strict = open_tree(options);
  EXPECT_EQ(strict->samples_per_epoch(), kTreeTracks - 1);
  EXPECT_THAT(strict->left_out()[0], HasSubstr("train/b is left out: it has no file 'vocals.wav'; --silence-missing"));
  options.silence_missing = true;
  options.source_augmentations = std::vector{Augmentation::gain};
  const Batch silent = open_tree(options)->batch(0, 1, 1);
  for (const float sample : silent.targets.to_vector()) ASSERT_EQ(sample, 0.0F);
  EXPECT_GT(silent.mixture.data()[0], 0.0F);
  for (const auto& file : fs::directory_iterator(root() / "train/a")) fs::remove(file.path());
  EXPECT_THAT(open_tree(options)->left_out()[0], HasSubstr("train/a is left out: it has no files '*.wav' (--ext)"));
}

// DRUMS.WAV, and what macOS writes beside it.
TEST_F(Folders, CapitalsAreReadAndHiddenFilesAreNot) {
  const auto rename = [&](const std::string& from, const std::string& to) {
    fs::rename(root() / from, root() / to);
    write_file(root() / fs::path(to).parent_path() / ("._" + fs::path(to).filename().string()), "no sound");
  };
  const DatasetOptions var = tree("trackfolder_var");
  const std::vector<float> mixture = open_tree(var)->validation(0).mixture.to_vector();
  rename("valid/v/part0.wav", "valid/v/PART0.WAV");
  rename("valid/v/vocals.wav", "valid/v/Vocals.wav");
  EXPECT_EQ(open_tree(var)->validation(0).mixture.to_vector(), mixture);
  EXPECT_THAT(open_tree(var)->left_out(), testing::IsEmpty());

  const DatasetOptions fix = tree("trackfolder_fix");
  rename("valid/v/bass.wav", "valid/v/BASS.wav");
  EXPECT_EQ(open_tree(fix)->validation_items(), kTreeValid);
  const DatasetOptions aligned = tree("aligned");
  rename("valid/v/clean.wav", "valid/v/Clean.WAV");
  EXPECT_EQ(open_tree(aligned)->validation_items(), kTreeValid);
  const DatasetOptions sources = tree("sourcefolder");
  rename("train/vocals/a.wav", "train/vocals/A.WAV");
  EXPECT_EQ(std::ssize(find_dataset("sourcefolder").list(sources).train), 3 * kTreeTracks);
}

TEST_F(Folders, ATrackOfTheTargetAloneIsAWarning) {
  const DatasetOptions options = tree("trackfolder_var");
  fs::remove(root() / "train/a/part0.wav");
  const std::string line = "no file '*.wav' (--ext) beside 'vocals.wav': its mixture is the target alone";
  EXPECT_THAT(open_tree(options)->left_out(), testing::ElementsAre("warning: train/a: " + line));
  EXPECT_THAT(to_text(check_data(options)), HasSubstr("warnings on 1 tracks\n  train/a: " + line));
}

TEST_F(Folders, VariableSourcesOfAnotherTrack) {
  DatasetOptions options = tree("trackfolder_var");
  options.random_interferer_mix = true;
  const auto data = open_tree(options);
  std::set<float> others;
  for (int64_t epoch = 0; epoch < 40; ++epoch) {
    const Batch batch = data->batch(epoch, 0, 1);
    EXPECT_EQ(target(batch).id, 0);
    others.insert(rest(batch)[0]);
  }
  EXPECT_EQ(others.size(), static_cast<size_t>(kTreeTracks));
}

TEST_F(Folders, ForceStereoTakesMonoAndMoreChannels) {
  DatasetOptions options = tree("trackfolder_fix");
  write_source(root() / "train/a/vocals.wav", 50, 5000, 1);
  write_source(root() / "train/b/vocals.wav", 51, 5000, 3);
  const auto strict = open_tree(options);
  ASSERT_EQ(strict->left_out().size(), 2U);
  EXPECT_THAT(strict->left_out()[0],
              HasSubstr("vocals.wav has 1 channel, the model 2: --source-augmentations force_stereo takes it"));
  options.source_augmentations = std::vector{Augmentation::force_stereo};
  const auto data = open_tree(options);
  EXPECT_THAT(data->left_out(), testing::IsEmpty());
  const Batch mono = data->batch(0, 0, 1), three = data->batch(0, 1, 1);
  EXPECT_EQ(mono.targets.data()[0], 51.0F / 128);
  EXPECT_EQ(mono.targets.data()[kTreeFrames], 51.0F / 128);
  EXPECT_EQ(place_of(three.targets.data(), kTreeFrames).id, 51);
}

// In the order of the command line: a source of three channels has no left and right to swap before force_stereo.
TEST_F(Folders, AugmentationsInTheirOrder) {
  DatasetOptions options = tree("trackfolder_fix");
  write_source(root() / "train/a/vocals.wav", 50, 5000, 3);
  const auto swaps = [&](const std::vector<Augmentation>& augmentations) {
    options.source_augmentations = augmentations;
    const auto data = open_tree(options);
    int count = 0;
    for (int64_t epoch = 0; epoch < 40; ++epoch)
      count += data->batch(epoch, 0, 1).targets.data()[0] == 51.0F / 128 ? 0 : 1;
    return count;
  };
  EXPECT_EQ(swaps({Augmentation::channelswap, Augmentation::force_stereo}), 0);
  EXPECT_NEAR(swaps({Augmentation::force_stereo, Augmentation::channelswap}), 20, 13);
}

TEST_F(Folders, FilesOfOtherRatesAreResampled) {
  const DatasetOptions options = tree("trackfolder_fix");
  write_source(root() / "valid/v/vocals.wav", 32, 2 * 4000, 2, 2 * kTreeRate);
  const auto data = open_tree(options);
  EXPECT_EQ(data->sample_rate(), kTreeRate);
  EXPECT_EQ(data->validation(0).mixture.dim(2), 4000);
  DatasetOptions higher = options;
  higher.sample_rate = 2 * kTreeRate;  // as of a model to start from
  EXPECT_EQ(open_tree(higher)->sample_rate(), 2 * kTreeRate);
  EXPECT_EQ(open_tree(higher)->validation(1).mixture.dim(2), 2 * tree_length(1));
}

TEST(DatasetOptionsTest, OthersOptionsAreRefused) {
  TrainOptions options;
  options.dataset = "trackfolder_fix";
  options.target_file = "vocals.wav";
  options.interferer_files = {"drums.wav"};
  EXPECT_NO_THROW(options.validate());
  EXPECT_EQ(options.model_name(), "vocals");
  EXPECT_FALSE(options.joint());
  EXPECT_THAT(options.augmentations(), testing::IsEmpty());
  const auto refused = [&](const char* part, const auto& change) {
    TrainOptions changed = options;
    change(changed);
    EXPECT_THROW(changed.validate(), UsageError);
    EXPECT_THAT(error_of([&] { changed.validate(); }), HasSubstr(part));
  };
  refused("--is-wav belongs to --dataset musdb, this is trackfolder_fix", [](auto& o) { o.is_wav = true; });
  refused("--input-file belongs to --dataset aligned", [](auto& o) { o.input_file = "x.wav"; });
  refused("--target-dir belongs to --dataset sourcefolder", [](auto& o) { o.target_dir = "x"; });
  refused("--silence-missing belongs to --dataset trackfolder_var", [](auto& o) { o.silence_missing = true; });
  refused("--ext belongs to --dataset sourcefolder", [](auto& o) { o.ext = ".flac"; });
  refused("--dataset stems: give one of musdb, aligned", [](auto& o) { o.dataset = "stems"; });
  refused("--architecture joint needs the four sources", [](auto& o) { o.architecture = &find_model("joint"); });
  refused("needs --target-file and --interferer-files", [](auto& o) { o.interferer_files.clear(); });
  refused("named '*'", [](auto& o) { o.target_file = "*.wav"; });
  refused("--nb-train-samples 0", [](auto& o) {
    o = {};
    o.dataset = "sourcefolder";
    o.target_dir = "vocals";
    o.interferer_dirs = {"drums"};
    o.nb_train_samples = 0;
  });
}

}  // namespace
}  // namespace unmix::test
