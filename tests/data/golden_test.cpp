// The data sets of folders beside Open-Unmix's on the same trees (tests/golden: datasets).
#include <algorithm>
#include <set>

#include "data/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;

class DatasetGolden : public testing::TestWithParam<std::string> {
 protected:
  DatasetGolden() : file_("datasets"), tree_(file_.options("tree")), golden_(file_.options(GetParam())) {
    for (const auto& entry : tree_.at("files")) {
      const fs::path path = folder_ / entry[0].get<std::string>();
      fs::create_directories(path.parent_path());
      write_audio(path, samples(entry[1], entry[2]));
    }
  }

  Audio samples(int64_t seed, int64_t frames) const {
    Audio audio{tree_.at("rate"), 2, std::vector<float>(static_cast<size_t>(2 * frames))};
    for (int c = 0; c < 2; ++c)
      for (int64_t t = 0; t < frames; ++t)
        audio.channel(c)[static_cast<size_t>(t)] =
            static_cast<float>(((seed + 3 * c) * 7919 + t * 104729) % 4001 - 2000) / 32768;
    return audio;
  }

  DatasetOptions options() const {
    const nlohmann::json& arguments = golden_.at("arguments");
    DatasetOptions options;
    options.dataset = GetParam().substr(0, GetParam().find("_silence"));
    options.root = folder_ / (options.dataset == "sourcefolder" ? "sources" : "tracks");
    options.seq_dur = tree_.at("seconds");
    options.input_file = arguments.value("input_file", "");
    options.output_file = arguments.value("output_file", "");
    options.interferer_dirs = arguments.value("interferer_dirs", std::vector<std::string>{});
    options.target_dir = arguments.value("target_dir", "");
    options.interferer_files = arguments.value("interferer_files", std::vector<std::string>{});
    options.target_file = arguments.value("target_file", "");
    options.silence_missing = arguments.value("silence_missing", false);
    options.nb_train_samples = options.nb_valid_samples = 7;
    return options;
  }

  std::unique_ptr<Dataset> open() const {
    return find_dataset(options().dataset).open(options(), [&](const std::vector<Track>& tracks) {
      return decode_tracks(tracks, folder_ / "cache", 1);
    });
  }

  static std::vector<std::string> usable(const std::vector<ListedTrack>& tracks) {
    std::vector<std::string> names;
    for (const ListedTrack& track : tracks)
      if (track.problem.empty()) names.push_back(track.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  const GoldenFile file_;
  const nlohmann::json tree_, golden_;
  TemporaryFolder folder_;
};

TEST_P(DatasetGolden, KeepsTheSameTracks) {
  const Listing listing = find_dataset(options().dataset).list(options());
  EXPECT_EQ(usable(listing.train), golden_.at("train").get<std::vector<std::string>>());
  EXPECT_EQ(usable(listing.valid), golden_.at("valid").get<std::vector<std::string>>());
  EXPECT_LT(usable(listing.train).size(), listing.train.size());
  const auto data = open();
  EXPECT_EQ(data->samples_per_epoch(), golden_.at("train_length").get<int64_t>());
  EXPECT_EQ(data->validation_items(), golden_.at("valid_length").get<int64_t>());
}

// Of the data sets that draw nothing in validation.
class FixedDatasetGolden : public DatasetGolden {};

TEST_P(FixedDatasetGolden, ValidatesOnTheSameSignals) {
  const auto data = open();
  std::set<std::string> seen;
  for (int64_t i = 0; i < data->validation_items(); ++i) {
    const Batch item = data->validation(i);
    const std::string name = GetParam() + ".valid." + item.tracks[0];
    // Sums of multiples of 2^-15 are exact.
    EXPECT_EQ(item.mixture[0].to_vector(), file_.tensor(name + ".x").to_vector()) << name;
    EXPECT_EQ(item.targets[0][0].to_vector(), file_.tensor(name + ".y").to_vector()) << name;
    seen.insert(item.tracks[0]);
  }
  EXPECT_EQ(std::ssize(seen), data->validation_items());
}

INSTANTIATE_TEST_SUITE_P(OpenUnmix, DatasetGolden,
                         testing::Values("aligned", "sourcefolder", "trackfolder_fix", "trackfolder_var",
                                         "trackfolder_var_silence"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(OpenUnmix, FixedDatasetGolden,
                         testing::Values("aligned", "trackfolder_fix", "trackfolder_var", "trackfolder_var_silence"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace unmix::test
