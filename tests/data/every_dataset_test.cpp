// What every data set of the registry keeps to.
#include <cmath>
#include <set>

#include "data/loader.h"
#include "data/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/dataset_trees.h"
#include "training/option_table.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

bool is_summed(const std::string& dataset) { return dataset != "aligned"; }

class EveryDataset : public testing::TestWithParam<std::string> {
 protected:
  EveryDataset() { write_tree(GetParam(), root()); }

  fs::path root() const { return folder_ / "root"; }
  DatasetOptions options() const { return tree_options(GetParam(), root()); }
  std::unique_ptr<Dataset> open() const { return open_tree(options()); }
  bool sums() const { return is_summed(GetParam()); }

  static std::vector<float> bits(const Batch& batch) {
    std::vector<float> all = batch.mixture.to_vector();
    const std::vector<float> targets = batch.targets.to_vector();
    all.insert(all.end(), targets.begin(), targets.end());
    return all;
  }

  TemporaryFolder folder_;
};

TEST_P(EveryDataset, ShapesAndNames) {
  const auto data = open();
  EXPECT_EQ(data->frames(), kTreeFrames);
  EXPECT_EQ(data->sample_rate(), kTreeRate);
  const int64_t targets = GetParam() == "musdb" ? 4 : 1;
  const Batch batch = data->batch(0, 0, 3);
  EXPECT_EQ(batch.mixture.shape(), (Shape{3, 2, kTreeFrames}));
  EXPECT_EQ(batch.targets.shape(), (Shape{targets, 3, 2, kTreeFrames}));
  ASSERT_EQ(batch.tracks.size(), 3U);
  for (const std::string& name : batch.tracks) EXPECT_FALSE(name.empty());
  EXPECT_THAT(data->left_out(), testing::IsEmpty());
  for (int64_t i = 0; i < data->validation_items(); ++i) {
    const Batch item = data->validation(i);
    EXPECT_EQ(item.targets.dim(0), targets);
    EXPECT_EQ(item.targets.dim(3), item.mixture.dim(2));
    EXPECT_FALSE(item.tracks.at(0).empty());
  }
  EXPECT_THAT(error_of([&] { data->batch(0, data->samples_per_epoch(), 1); }), HasSubstr("an epoch has"));
}

TEST_P(EveryDataset, ASampleDependsOnSeedEpochAndIndexAlone) {
  DatasetOptions augmented = options();
  if (sums()) augmented.source_augmentations = std::vector{Augmentation::gain, Augmentation::channelswap};
  const auto data = open_tree(augmented);
  const int64_t count = data->samples_per_epoch();
  const Batch whole = data->batch(3, 0, count);
  EXPECT_EQ(bits(open_tree(augmented)->batch(3, 0, count)), bits(whole));
  for (int64_t b = 0; b < count; ++b) EXPECT_EQ(data->batch(3, b, 1).mixture.to_vector(), whole.mixture[b].to_vector());
  EXPECT_NE(bits(data->batch(4, 0, count)), bits(whole));
  augmented.seed = 43;
  EXPECT_NE(bits(open_tree(augmented)->batch(3, 0, count)), bits(whole));
}

TEST_P(EveryDataset, TheSameBatchesForAnyNumberOfWorkers) {
  const auto data = open();
  for (const int workers : {0, 1, 3}) {
    Loader loader(*data, 3, workers);
    loader.start_epoch(2, 1);
    int64_t first = 3;
    while (auto batch = loader.next()) {
      EXPECT_EQ(bits(*batch), bits(data->batch(2, first, batch->mixture.dim(0)))) << workers;
      first += 3;
    }
    EXPECT_GE(first, data->samples_per_epoch());
  }
}

// All but those whose mixtures are files.
class EverySummedDataset : public EveryDataset {};

TEST_P(EverySummedDataset, MixturesAreSums) {
  DatasetOptions one = options();
  if (GetParam() == "sourcefolder") one.interferer_dirs = {"drums"};
  if (GetParam() == "trackfolder_fix") one.interferer_files = {"drums.wav"};
  const auto data = open_tree(one);
  const Batch batch = data->batch(0, 0, 4);
  // What is left without the targets is one source again (musdb: nothing), but for trackfolder_var one to three.
  const int64_t size = batch.mixture.size();
  std::vector<float> rest = batch.mixture.to_vector();
  for (int64_t k = 0; k < batch.targets.dim(0); ++k)
    for (int64_t i = 0; i < size; ++i) rest[static_cast<size_t>(i)] -= batch.targets.data()[k * size + i];
  double energy = 0;
  for (const float value : rest) energy += std::fabs(value);
  EXPECT_EQ(energy > 1e-3, GetParam() != "musdb");
  if (GetParam() == "trackfolder_fix" || GetParam() == "sourcefolder") {
    const Place place = place_of(rest.data(), kTreeFrames);
    EXPECT_EQ(place.id % 8, GetParam() == "sourcefolder" ? 0 : 1);
  }
}

TEST_P(EveryDataset, TracksMustBeLongerThanAnExcerpt) {
  const auto with_frames = [&](int64_t frames) {
    DatasetOptions longer = options();
    longer.seq_dur = static_cast<double>(frames) / kTreeRate + 1e-9;
    return longer;
  };
  EXPECT_THAT(open_tree(with_frames(tree_length(0) - 1))->left_out(), testing::IsEmpty());
  const auto data = open_tree(with_frames(tree_length(0)));
  EXPECT_EQ(data->frames(), tree_length(0));
  // Of train one track, of sourcefolder a file of each of three sources; of valid only where excerpts are validated.
  const size_t expected = GetParam() == "sourcefolder" ? 6 : GetParam() == "aligned" ? 2 : 1;
  ASSERT_EQ(data->left_out().size(), expected);
  EXPECT_THAT(data->left_out()[0], HasSubstr("left out: its 0.09 s are not longer than excerpts of 0.09 s"));
  EXPECT_EQ(data->batch(0, 0, 2).mixture.dim(2), tree_length(0));
  EXPECT_NE(error_of([&] { open_tree(with_frames(tree_length(kTreeTracks - 1))); }), "");
}

TEST_P(EveryDataset, ValidationIsTheSameInEveryRun) {
  DatasetOptions other = options();
  other.seed = 7;
  if (sums()) other.source_augmentations = std::vector{Augmentation::gain, Augmentation::channelswap};
  const auto data = open(), again = open_tree(other);
  const bool excerpts = GetParam() == "sourcefolder" || GetParam() == "aligned";
  ASSERT_EQ(data->validation_items(), GetParam() == "sourcefolder" ? 6 : kTreeValid);
  for (int64_t i = 0; i < data->validation_items(); ++i) {
    const Batch item = data->validation(i);
    EXPECT_EQ(item.mixture.dim(2), excerpts ? kTreeFrames : tree_length(static_cast<int>(i)));
    EXPECT_EQ(bits(item), bits(again->validation(i)));
  }
  std::set<std::vector<float>> different;
  for (int64_t i = 0; i < data->validation_items(); ++i) different.insert(bits(data->validation(i)));
  EXPECT_GT(different.size(), 1U);
}

TEST_P(EveryDataset, StatisticsAreTakenWithoutAugmentation) {
  DatasetOptions augmented = options();
  if (sums()) augmented.source_augmentations = std::vector{Augmentation::gain};
  augmented.random_track_mix = augmented.random_interferer_mix = true;
  const auto plain = open(), data = open_tree(augmented);
  ASSERT_EQ(data->statistics_items(), GetParam() == "sourcefolder" ? 20 : kTreeTracks);
  for (int64_t i = 0; i < data->statistics_items(); ++i) {
    const Tensor mixture = data->statistics_mixture(i);
    EXPECT_EQ(mixture.to_vector(), plain->statistics_mixture(i).to_vector());
    EXPECT_EQ(mixture.dim(1), GetParam() == "sourcefolder" ? kTreeFrames : tree_length(static_cast<int>(i)));
  }
  EXPECT_EQ(bits(plain->batch(0, 0, 4)) == bits(data->batch(0, 0, 4)), !sums());  // the augmentation is one
}

TEST_P(EveryDataset, OneChannelIsTheMean) {
  DatasetOptions mono = options();
  mono.nb_channels = 1;
  const Batch one = open_tree(mono)->validation(0), two = open()->validation(0);
  const int64_t frames = one.mixture.dim(2);
  ASSERT_EQ(one.mixture.shape(), (Shape{1, 1, frames}));
  for (int64_t t = 0; t < frames; ++t) {
    const float* stereo = two.mixture.data();
    ASSERT_NEAR(one.mixture.data()[t], (stereo[t] + stereo[frames + t]) / 2, 1e-6);
  }
}

TEST_P(EveryDataset, MissingFoldersAreNamed) {
  DatasetOptions gone = options();
  gone.root = folder_ / "none";
  EXPECT_THAT(error_of([&] { open_tree(gone); }), HasSubstr("none"));
  fs::rename(root() / "train", folder_ / "moved");
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr((root() / "train").string()));
  fs::create_directories(root() / "train");
  EXPECT_THAT(error_of([&] { open(); }), HasSubstr((root() / "train").string()));
}

TEST_P(EveryDataset, ATruncatedFileIsNamed) {
  const ListedTrack track = find_dataset(GetParam()).list(options()).train.at(1);
  const fs::path file = track.files.back();
  fs::resize_file(file, fs::file_size(file) / 2);
  if (GetParam() == "musdb") {
    EXPECT_THAT(error_of([&] { open(); }), HasSubstr(file.filename().string()));
    return;
  }
  ASSERT_EQ(open()->left_out().size(), 1U);
  EXPECT_THAT(open()->left_out()[0], HasSubstr("train/" + track.name + " is left out: "));
  EXPECT_THAT(open()->left_out()[0], HasSubstr(file.string()));
}

// Its options are options of training, and each is refused beside a data set that has it not.
TEST_P(EveryDataset, OptionsAreOfTheTable) {
  const DatasetEntry& entry = find_dataset(GetParam());
  for (const auto* names : {&entry.required, &entry.options})
    for (const std::string& option : *names) EXPECT_EQ(find_train_option(option).name, option);
  TrainOptions needy;
  needy.dataset = GetParam();
  if (!entry.required.empty()) {
    EXPECT_THAT(error_of([&] { needy.validate(); }), HasSubstr("needs --" + entry.required[0]));
  }
}

std::vector<std::string> dataset_names(bool summed_alone) {
  std::vector<std::string> names;
  for (const DatasetEntry& entry : dataset_registry())
    if (!summed_alone || is_summed(entry.name)) names.push_back(entry.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryDataset, testing::ValuesIn(dataset_names(false)),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Registry, EverySummedDataset, testing::ValuesIn(dataset_names(true)),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace unmix::test
