// --check-data says what training will say: broken data sets, and one epoch on each.
#include <gmock/gmock.h>

#include <functional>

#include "base/file.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/dataset_trees.h"
#include "tests/support/program.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

const Arguments kMusdb{"--dataset", "musdb", "--is-wav", "--samples-per-track", "1"};
const Arguments kFix{"--dataset",          "trackfolder_fix", "--target-file", "vocals.wav",
                     "--interferer-files", "drums.wav",       "bass.wav"};
const Arguments kSources{"--dataset",
                         "sourcefolder",
                         "--interferer-dirs",
                         "drums",
                         "bass",
                         "--target-dir",
                         "vocals",
                         "--nb-train-samples",
                         "3",
                         "--nb-valid-samples",
                         "2"};

void put_nan(const fs::path& file) {
  write_audio(file, read_audio(file), SampleFormat::floating);
  std::string bytes = read_file(file);
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  write_file(file, bytes);
}

void cut(const fs::path& file) { write_file(file, read_file(file).substr(0, fs::file_size(file) / 2)); }

// As a FLAC whose header states no length.
void make_flac_of_unknown_length(const fs::path& file) {
  const fs::path flac = file.parent_path().parent_path() / "source.flac";
  write_source(flac, 1, 4000);
  std::string bytes = read_file(flac);
  bytes[21] = static_cast<char>(bytes[21] & 0xf0);  // the 36 bits of the number of samples in STREAMINFO
  bytes.replace(22, 4, 4, '\0');
  write_file(file, bytes);
  fs::remove(flac);
}

// Every file again, with so many channels or at another rate.
void rewrite(const fs::path& folder, int channels, int rate, int64_t frames = 4000) {
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".wav") write_source(entry.path(), 1, frames, channels, rate);
}

struct Row {
  const char* name;
  const Arguments* dataset;
  bool trains;
  std::function<void(const fs::path& root)> change;
};

const Row kRows[] = {
    {"MusdbAsItIs", &kMusdb, true, [](const fs::path&) {}},
    {"MusdbMono", &kMusdb, false, [](const fs::path& root) { rewrite(root, 1, kTreeRate); }},
    {"MusdbOneTrackMono", &kMusdb, false, [](const fs::path& root) { rewrite(root / "train/c", 1, kTreeRate); }},
    {"MusdbNan", &kMusdb, false, [](const fs::path& root) { put_nan(root / "train/b/drums.wav"); }},
    {"MusdbNanInValidation", &kMusdb, false, [](const fs::path& root) { put_nan(root / "train/v/drums.wav"); }},
    {"MusdbCut", &kMusdb, false, [](const fs::path& root) { cut(root / "train/b/bass.wav"); }},
    {"MusdbUnequalLengths", &kMusdb, false,
     [](const fs::path& root) { write_source(root / "train/b/bass.wav", 1, 4400); }},
    {"MusdbOtherRate", &kMusdb, false, [](const fs::path& root) { rewrite(root / "train/b", 2, 48000); }},
    {"MusdbMissingStem", &kMusdb, false, [](const fs::path& root) { fs::remove(root / "train/b/bass.wav"); }},
    {"MusdbOneShortTrack", &kMusdb, true, [](const fs::path& root) { rewrite(root / "train/b", 2, kTreeRate, 2000); }},
    {"MusdbAllShort", &kMusdb, false, [](const fs::path& root) { rewrite(root, 2, kTreeRate, 2000); }},
    {"MusdbValidationBelowATransform", &kMusdb, false,
     [](const fs::path& root) { rewrite(root / "train/w", 2, kTreeRate, 100); }},
    {"MusdbNoValidation", &kMusdb, true, [](const fs::path& root) { write_file(root / "validation.txt", ""); }},
    {"MusdbUnknownValidation", &kMusdb, false, [](const fs::path& root) { write_file(root / "validation.txt", "x"); }},
    {"FixAsItIs", &kFix, true, [](const fs::path&) {}},
    {"FixNan", &kFix, false, [](const fs::path& root) { put_nan(root / "train/b/drums.wav"); }},
    {"FixCutInValidation", &kFix, true, [](const fs::path& root) { cut(root / "valid/v/bass.wav"); }},
    {"FixOneUnreadable", &kFix, true, [](const fs::path& root) { write_file(root / "train/b/bass.wav", "no audio"); }},
    {"FixMissingFile", &kFix, true, [](const fs::path& root) { fs::remove(root / "train/b/bass.wav"); }},
    {"FixFlacOfUnknownLength", &kFix, true,
     [](const fs::path& root) { make_flac_of_unknown_length(root / "valid/v/bass.wav"); }},
    {"FixNoValidationUsable", &kFix, false,
     [](const fs::path& root) {
       for (const char* track : {"v", "w"}) fs::remove(root / "valid" / track / "bass.wav");
     }},
    {"FixLowRate", &kFix, false,
     [](const fs::path& root) { rewrite(root, 2, 8000); }},  // --bandwidth is above half of it
    {"SourcesAsTheyAre", &kSources, true, [](const fs::path&) {}},
    {"SourcesWithoutAUsableFile", &kSources, false,
     [](const fs::path& root) { rewrite(root / "train/drums", 2, kTreeRate, 2000); }},
};

class CheckVerdict : public testing::TestWithParam<Row> {
 protected:
  ProgramResult train(const Arguments& more) {
    Arguments all = tree_train_arguments(folder_.path(), folder_ / "model");
    all.insert(all.end(), {"--batch-size", "2", "--epochs", "1", "--quiet"});
    for (const Arguments* part : {GetParam().dataset, &more}) all.insert(all.end(), part->begin(), part->end());
    return run_program(all);
  }
  TemporaryFolder folder_;
};

TEST_P(CheckVerdict, IsTrainings) {
  write_tree((*GetParam().dataset)[1], folder_ / "root");
  GetParam().change(folder_ / "root");
  const ProgramResult checked = train({"--check-data"});
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  const ProgramResult trained = train({});
  EXPECT_EQ(trained.exit_code == 0, GetParam().trains) << trained.errors;
  EXPECT_EQ(checked.exit_code == 0, GetParam().trains) << checked.errors << checked.output;
  if (GetParam().trains) return;
  const std::string reason = trained.errors.substr(std::string("unmix: error: ").size());
  EXPECT_THAT(checked.errors, testing::EndsWith(reason));
}

INSTANTIATE_TEST_SUITE_P(Trees, CheckVerdict, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace unmix::test
