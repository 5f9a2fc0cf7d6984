// `unmix train` on every data set, as a user runs it.
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "data/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/dataset_trees.h"
#include "tests/support/program.h"
#include "tests/support/training_runs.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::map<std::string, Arguments> kArguments = {
    {"musdb", {"--is-wav", "--samples-per-track", "2"}},
    {"aligned", {"--input-file", "noisy.wav", "--output-file", "clean.wav"}},
    {"sourcefolder",
     {"--interferer-dirs", "drums", "bass", "--target-dir", "vocals", "--nb-train-samples", "7", "--nb-valid-samples",
      "3"}},
    {"trackfolder_fix",
     {"--target-file", "vocals.wav", "--interferer-files", "drums.wav", "bass.wav", "--random-track-mix"}},
    {"trackfolder_var",
     {"--target-file", "vocals.wav", "--ext", ".wav", "--random-interferer-mix", "--silence-missing-targets",
      "--source-augmentations", "gain", "channelswap"}},
};

class TrainDataset : public testing::TestWithParam<std::string> {
 protected:
  TrainDataset() { write_tree(GetParam(), folder_ / "root"); }

  Arguments arguments(const fs::path& output, int epochs, const Arguments& more = {}) const {
    Arguments all = tree_train_arguments(folder_.path(), output);
    all.insert(all.end(), {"--dataset", GetParam(), "--batch-size", "3", "--epochs", std::to_string(epochs)});
    for (const Arguments& part : {kArguments.at(GetParam()), more}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
  std::string model() const { return GetParam() == "musdb" ? "joint" : GetParam() == "aligned" ? "clean" : "vocals"; }
  TemporaryFolder folder_;
};

TEST_P(TrainDataset, AnyNumberOfWorkersAndAResumeGiveTheSameBits) {
  const auto state = [&](const char* name) { return training_state(folder_ / name, model()); };
  for (const char* workers : {"0", "3"}) {
    const ProgramResult result = run_program(arguments(folder_ / workers, 3, {"--nb-workers", workers}));
    ASSERT_EQ(result.exit_code, 0) << result.errors;
  }
  EXPECT_EQ(state("0"), state("3"));
  ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "parts", 1))));
  EXPECT_NE(state("0"), state("parts"));
  ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "parts", 3, {"--checkpoint", (folder_ / "parts").string()}))));
  EXPECT_EQ(state("0"), state("parts"));
  ASSERT_TRUE(succeeded(run_program(arguments(folder_ / "other", 3, {"--seed", "1"}))));
  EXPECT_NE(state("0"), state("other"));
  const auto record = nlohmann::json::parse(read_file(folder_ / "0" / (model() + ".json"))).at("args");
  EXPECT_EQ(record.at("dataset"), GetParam());
  EXPECT_EQ(record.at("target"), GetParam() == "musdb" ? "" : model());
}

TEST_P(TrainDataset, CheckData) {
  const ProgramResult text = run_program(arguments(folder_ / "none", 1, {"--check-data"}));
  EXPECT_EQ(text.exit_code, 0) << text.errors;
  EXPECT_THAT(text.output, HasSubstr("tracks can be used"));
  EXPECT_FALSE(fs::exists(folder_ / "none"));
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  const ProgramResult json = run_program(arguments(folder_ / "none", 1, {"--check-data", "--json"}));
  EXPECT_GT(nlohmann::json::parse(json.output).at("usable").at("train"), 3);
  const ProgramResult none = run_program(arguments(folder_ / "none", 1, {"--check-data", "--seq-dur", "5"}));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, HasSubstr("are not longer than excerpts of 5.00 s"));
  EXPECT_THAT(none.errors, HasSubstr("training would end with: [data] "));
}

INSTANTIATE_TEST_SUITE_P(Registry, TrainDataset, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const DatasetEntry& entry : dataset_registry()) names.push_back(entry.name);
                           return names;
                         }()),
                         [](const auto& info) { return info.param; });

TEST(TrainDatasetUsage, WhatDoesNotBelongTogether) {
  const auto train = [](Arguments more) {
    more.insert(more.begin(), {"train", "--root", "nowhere"});
    return run_program(more);
  };
  expect_error(train({"--dataset", "stems"}), 2, "give one of musdb, aligned, sourcefolder");
  expect_error(train({"--dataset", "aligned", "--input-file", "a.wav"}), 2, "needs --input-file and --output-file");
  expect_error(train({"--target-file", "a.wav"}), 2, "--target-file belongs to --dataset trackfolder_fix");
  expect_error(train({"--dataset", "aligned", "--input-file", "a", "--output-file", "b", "--random-track-mix"}), 2,
               "--random-track-mix belongs to --dataset musdb");
  expect_error(train({"--dataset", "aligned", "--input-file", "a", "--output-file", "b"}), 1, "nowhere/train");
}

}  // namespace
}  // namespace unmix::test
