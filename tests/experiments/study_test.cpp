// Study files as they are read: values over defaults, and what is refused at which line.
#include <gmock/gmock.h>

#include <fstream>

#include "base/file.h"
#include "experiments/study.h"
#include "losses/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/paths.h"
#include "training/option_table.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StudyFile : public testing::Test {
 protected:
  fs::path write(const std::string& text) const {
    write_file(folder_ / "study.toml", text);
    return folder_ / "study.toml";
  }
  // The study of a [train] table with a root, and what follows it.
  Study read(const std::string& text, const StudyOverrides& overrides = {}) const {
    return read_study(write("output = \"out\"\n[train]\nroot = \"songs\"\n" + text), overrides);
  }
  void expect_refused(const std::string& text, int line, const std::string& part) const {
    const fs::path file = write("output = \"out\"\n[train]\nroot = \"songs\"\n" + text);
    std::string message;
    try {
      read_study(file);
    } catch (const UsageError& error) {
      message = error.what();
    }
    EXPECT_THAT(message, testing::StartsWith(fmt::format("{}:{}: ", file.string(), line))) << text;
    EXPECT_THAT(message, HasSubstr(part)) << text;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  TemporaryFolder folder_;
};

TEST_F(StudyFile, RunsOverrideDefaultsByTheNamesOfTheCommandLine) {
  const Study study = read(R"(
hidden-size = 1024
lr = "auto"
source-augmentations = ["gain"]
random-track-mix = false
weight-decay = 0
[score]
subset = "valid"
softmask = true
[[run]]
loss = "L2freq"
[[run]]
name = "second"
loss = "L2freq"
variant = "paper"
lr = 0.0005
hidden-size = 8
seed = 7
)");
  ASSERT_EQ(study.runs.size(), 2u);
  EXPECT_EQ(study.output, "out");
  EXPECT_EQ(study.scoring.subset, "valid");
  EXPECT_TRUE(study.scoring.softmask);
  const TrainOptions &first = study.runs[0].options, &second = study.runs[1].options;
  EXPECT_EQ(study.runs[0].name, "L2freq");
  EXPECT_EQ(first.output, fs::path("out/L2freq/model"));
  EXPECT_EQ(first.hidden_size, 1024);
  EXPECT_EQ(first.lr, LearningRate{std::nullopt});
  EXPECT_EQ(first.source_augmentations, std::vector{Augmentation::gain});
  EXPECT_FALSE(first.mixes_tracks());
  EXPECT_EQ(first.weight_decay, 0.0);
  EXPECT_EQ(first.batch_size, TrainOptions{}.batch_size);
  EXPECT_EQ(study.runs[1].name, "second");
  EXPECT_EQ(second.variant, Variant::paper);
  EXPECT_EQ(second.learning_rate(), 0.0005);
  EXPECT_EQ(second.hidden_size, 8);
  EXPECT_EQ(second.seed, 7u);
}

TEST_F(StudyFile, TheCommandLineOverridesTheFile) {
  const Study study = read("[[run]]\nloss = \"L2freq\"\n", {"elsewhere", "others", "kept", 9});
  EXPECT_EQ(study.runs[0].options.output, fs::path("elsewhere/L2freq/model"));
  EXPECT_EQ(study.runs[0].options.root, "others");
  EXPECT_EQ(study.runs[0].options.cache, "kept");
  EXPECT_EQ(study.runs[0].options.seed, 9u);
}

TEST_F(StudyFile, ARunStartsFromAnotherInAnyOrder) {
  const Study study = read("[[run]]\nname = \"b\"\nmodel = \"a\"\n[[run]]\nname = \"a\"\n");
  EXPECT_EQ(study.runs[0].after, "a");
  EXPECT_EQ(study.runs[0].options.model, fs::path("out/a/model"));
  EXPECT_EQ(study.runs[1].after, "");
}

TEST_F(StudyFile, RefusesWhatCannotBeAtItsLine) {
  const std::string run = "[[run]]\nloss = \"L2freq\"\n";  // lines 4 and 5 where it comes first
  expect_refused("hiden-size = 8\n" + run, 4, "no key 'hiden-size'; nearest: hidden-size");
  expect_refused("output = \"x\"\n" + run, 4, "no key 'output'");
  expect_refused("hidden-size = \"8\"\n" + run, 4, "hidden-size is a whole number");
  expect_refused("hidden-size = 8.5\n" + run, 4, "hidden-size is a whole number");
  expect_refused("batch-size = 5000000000\n" + run, 4, "batch-size 5000000000 is not in");
  expect_refused("dropout = \"0.1\"\n" + run, 4, "dropout is a number");
  expect_refused("unidirectional = 1\n" + run, 4, "unidirectional is true or false");
  expect_refused("source-augmentations = \"gain\"\n" + run, 4, "is a list of texts");
  expect_refused("hidden-size = \n" + run, 4, "no TOML");
  expect_refused("lr = 1\nlr = 2\n" + run, 5, "no TOML");
  expect_refused(run + "lost = 1\n", 6, "no key 'lost'; nearest: loss");
  expect_refused("[[run]]\nloss = \"L2frequency\"\n", 5, "nearest: L2freq");
  expect_refused("[[run]]\nloss = \"L2freq\"\nnhop = 8192\n", 4, "hop 8192");
  expect_refused(run + run, 6, "the name 'L2freq' is taken");
  expect_refused("[[run]]\nname = \"a/b\"\n", 4, "'a/b' needs a name");
  expect_refused(run + "model = \"L2frek\"\n", 4, "neither a run (nearest: L2freq)");
  expect_refused(run + "model = \"L2freq\"\n", 4, "cannot start from itself");
  expect_refused("[[run]]\nname = \"a\"\nmodel = \"b\"\n[[run]]\nname = \"b\"\nmodel = \"a\"\n", 4, "waits for it");
  expect_refused("[score]\nsubset = \"tests\"\n" + run, 5, "give one of train, valid, test");
  expect_refused("[scores]\n" + run, 4, "no key 'scores'; nearest: score");
  expect_refused("", 1, "there is no run");
  EXPECT_THAT(error_of([&] { read_study(folder_ / "none.toml"); }), HasSubstr("none.toml"));
  EXPECT_THAT(error_of([&] { read_study(write("[[run]]\nloss = \"L2freq\"\n")); }), HasSubstr("has no songs"));
}

// The option table is all that a run's options are: a record of them differs where any of them does.
TEST(TrainOptionTable, EveryOptionIsRecorded) {
  const nlohmann::json record = to_json(TrainOptions{});
  EXPECT_EQ(record.size(), train_option_table().size() + 1);  // the device is no option of the table
  for (const TrainOption& option : train_option_table()) {
    std::string key(option.name);
    std::replace(key.begin(), key.end(), '-', '_');
    EXPECT_TRUE(record.contains(key)) << key;
    EXPECT_FALSE(option.help.empty()) << key;
  }
}

// Runs recorded before the variant got its name go on.
TEST(TrainOptionTable, TheOlderNameOfAVariantIsNoConflict) {
  const nlohmann::json seed{{"variant", "seed"}}, code{{"variant", "code"}}, paper{{"variant", "paper"}};
  EXPECT_EQ(resume_conflict(seed, code), "");
  EXPECT_EQ(resume_conflict(seed, paper), "--variant was \"seed\", now \"paper\"");
}

std::set<std::string> losses_of(const Study& study) {
  std::set<std::string> losses;
  for (const StudyRun& run : study.runs) losses.insert(run.options.loss.text());
  return losses;
}

// A new loss need not be in them.
TEST(Studies, TrainEveryLossOfTheComparison) {
  for (const char* name : {"study", "demo"})
    EXPECT_EQ(losses_of(read_study(source_path("studies/" + std::string(name) + ".toml"))).size(), 29u) << name;
}

}  // namespace
}  // namespace unmix::test
