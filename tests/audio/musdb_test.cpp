#include <cmath>

#include "audio/musdb.h"
#include "base/file.h"
#include "data/demo_songs.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::noise;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

void write_wav_track(const fs::path& folder, int64_t frames = 1000, int sample_rate = 44100) {
  fs::create_directories(folder);
  for (const char* name : {"mixture", "vocals", "drums", "bass", "other"}) {
    write_audio(folder / (std::string(name) + ".wav"), noise(sample_rate, 2, frames));
  }
}

std::vector<std::string> names(const std::vector<Track>& tracks) {
  std::vector<std::string> result;
  for (const Track& track : tracks) result.push_back(track.name);
  return result;
}

TEST(Musdb, WavFoldersAreSplitByTheFourteenNames) {
  const TemporaryFolder folder;
  for (const char* name : {"b - x", "a - y", "Triviul - Angelsaint", "ANiMAL - Rockshow"}) {
    write_wav_track(folder.path() / "train" / name);
  }
  write_wav_track(folder.path() / "test" / "Triviul - Angelsaint");
  const auto train = musdb_tracks(folder.path(), Subset::train, true);
  EXPECT_EQ(names(train), (std::vector<std::string>{"a - y", "b - x"}));
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::valid, true)),
            (std::vector<std::string>{"ANiMAL - Rockshow", "Triviul - Angelsaint"}));
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::test, true)), std::vector<std::string>{"Triviul - Angelsaint"});
  EXPECT_EQ(validation_names(folder.path()).size(), 14U);
  EXPECT_EQ(train[0].frames, 1000);
  EXPECT_EQ(train[0].channels, 2);
  EXPECT_EQ(train[0].sample_rate, 44100);
  ASSERT_EQ(train[0].files.size(), 5U);
  EXPECT_EQ(train[0].files[0].filename(), "mixture.wav");
  for (size_t k = 0; k < 4; ++k) EXPECT_EQ(train[0].files[k + 1].stem(), musdb_sources[k]);
}

TEST(Musdb, AListInTheRootNamesOtherValidationTracks) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "ANiMAL - Rockshow"}) write_wav_track(folder.path() / "train" / name);
  write_file(folder / "validation.txt", "b\r\n\n");
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::valid, true)), std::vector<std::string>{"b"});
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::train, true)),
            (std::vector<std::string>{"ANiMAL - Rockshow", "a"}));
  write_file(folder / "validation.txt", "b\nc\n");
  EXPECT_THAT(error_of([&] { musdb_tracks(folder.path(), Subset::train, true); }), HasSubstr("'c'"));
}

TEST(Musdb, TheListMayComeFromWindows) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c d"}) write_wav_track(folder.path() / "train" / name);
  write_file(folder / "validation.txt",
             "\xef\xbb\xbf"
             "b\r\nc d \r\n");
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::valid, true)), (std::vector<std::string>{"b", "c d"}));
}

TEST(Musdb, HiddenEntriesAreNoTracksAndCapitalsAreFiles) {
  const TemporaryFolder folder;
  write_wav_track(folder / "train/a");
  for (const char* name : {".ipynb_checkpoints", "@eaDir"}) fs::create_directory(folder / "train" / name);
  for (const char* name : {"mixture", "vocals"}) {
    const fs::path file = folder / "train/a" / (std::string(name) + ".wav");
    fs::rename(file, fs::path(file).replace_extension(".WAV"));
  }
  fs::rename(folder / "train/a/mixture.WAV", folder / "train/a/Mixture.WAV");
  const auto tracks = musdb_tracks(folder.path(), Subset::train, true);
  ASSERT_EQ(names(tracks), std::vector<std::string>{"a"});
  EXPECT_EQ(tracks[0].files[0].filename(), "Mixture.WAV");
  EXPECT_EQ(tracks[0].files[1].filename(), "vocals.WAV");
  EXPECT_EQ(tracks[0].files[2].filename(), "drums.wav");
}

TEST(Musdb, StemFiles) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "train");
  const std::vector<Audio> stems(5, test::tone(44100, 2, 20000));
  test::write_stem_file(folder / "train/Some - Song.stem.mp4", stems);
  test::write_stem_file(folder / "train/Leaf - Summerghost.stem.mp4", stems);
  const auto train = musdb_tracks(folder.path(), Subset::train, false);
  ASSERT_EQ(names(train), std::vector<std::string>{"Some - Song"});
  EXPECT_EQ(train[0].files.size(), 1U);
  EXPECT_NEAR(train[0].duration(), 20000.0 / 44100, 0.03);
  EXPECT_EQ(names(musdb_tracks(folder.path(), Subset::valid, false)), std::vector<std::string>{"Leaf - Summerghost"});
  EXPECT_THAT(error_of([&] { musdb_tracks(folder.path(), Subset::train, true); }),
              HasSubstr("are read without is-wav"));
}

TEST(Musdb, WhatIsWrongWithAFolderIsNamed) {
  const TemporaryFolder folder;
  const auto error = [&](Subset subset = Subset::train) {
    return error_of([&] { musdb_tracks(folder.path(), subset, true); });
  };
  EXPECT_THAT(error_of([&] { musdb_tracks(folder / "none", Subset::train, true); }), HasSubstr("no such folder"));
  EXPECT_THAT(error(), HasSubstr((folder / "train").string() + ": no such folder"));
  fs::create_directory(folder / "train");
  EXPECT_THAT(error(), HasSubstr("no track folders"));
  const fs::path track = folder / "train/song";
  write_wav_track(track);
  EXPECT_NO_THROW(musdb_tracks(folder.path(), Subset::train, true));
  EXPECT_THAT(error(Subset::test), HasSubstr((folder / "test").string()));
  EXPECT_TRUE(musdb_tracks(folder.path(), Subset::valid, true).empty());
  EXPECT_THAT(error_of([&] { musdb_tracks(folder.path(), Subset::train, false); }), HasSubstr("are read with is-wav"));

  write_audio(track / "bass.wav", noise(44100, 2, 999));
  EXPECT_THAT(error(), ::testing::AllOf(HasSubstr("song"), HasSubstr("bass.wav has 999 frames, mixture.wav has 1000")));
  write_audio(track / "bass.wav", noise(48000, 2, 1000));
  EXPECT_THAT(error(), HasSubstr("bass.wav has 2 channels at 48000 Hz"));
  write_audio(track / "bass.wav", noise(44100, 1, 1000));
  EXPECT_THAT(error(), HasSubstr("bass.wav has 1 channels"));
  fs::remove(track / "bass.wav");
  EXPECT_THAT(error(), HasSubstr("track 'song' lacks bass.wav"));
  write_wav_track(track, 1000, 48000);
  EXPECT_THAT(error(), HasSubstr("is at 48000 Hz, not at 44100 Hz"));
  EXPECT_NO_THROW(musdb_tracks(folder.path(), Subset::train, true, 48000));
}

TEST(Musdb, ASubsetOfValidationTracksAloneCannotTrain) {
  const TemporaryFolder folder;
  write_wav_track(folder / "train/Leaf - Summerghost");
  EXPECT_THAT(error_of([&] { musdb_tracks(folder.path(), Subset::train, true); }), HasSubstr("validation"));
}

TEST(DemoSongs, AreAMusdbFolderOfSeparableSums) {
  const TemporaryFolder folder;
  const fs::path root = folder / "songs";
  write_demo_songs(root, DemoSize::tiny);
  EXPECT_EQ(musdb_tracks(root, Subset::train, true).size(), 2U);
  EXPECT_EQ(musdb_tracks(root, Subset::valid, true).size(), 1U);
  const auto test = musdb_tracks(root, Subset::test, true);
  ASSERT_EQ(test.size(), 2U);
  for (const Track& track : test) {
    EXPECT_EQ(track.channels, 2);
    const Audio mixture = read_audio(track.files[0]);
    Audio sum = mixture;
    for (size_t k = 1; k < track.files.size(); ++k) {
      const Audio source = read_audio(track.files[k]);
      double power = 0;
      int64_t silent = 0;
      float peak = 0;
      for (size_t i = 0; i < sum.samples.size(); ++i) {
        sum.samples[i] -= source.samples[i];
        power += double{source.samples[i]} * source.samples[i];
        silent += source.samples[i] == 0 ? 1 : 0;
        peak = std::max(peak, std::fabs(source.samples[i]));
      }
      EXPECT_GT(std::sqrt(power / static_cast<double>(sum.samples.size())), 0.02) << track.files[k];
      EXPECT_GT(silent, std::ssize(sum.samples) / 10) << track.files[k];
      EXPECT_LT(peak, 1) << track.files[k];
    }
    for (const float rest : sum.samples) ASSERT_EQ(rest, 0) << track.name;
  }
}

TEST(DemoSongs, AreTheSameEachTimeAndDifferAmongThemselves) {
  const TemporaryFolder folder;
  write_demo_songs(folder / "a", DemoSize::tiny);
  write_demo_songs(folder / "b", DemoSize::tiny);
  std::vector<std::string> mixtures;
  for (const auto& file : fs::recursive_directory_iterator(folder / "a")) {
    if (!file.is_regular_file()) continue;
    const fs::path other = folder / "b" / fs::relative(file.path(), folder / "a");
    EXPECT_EQ(read_file(file.path()), read_file(other)) << file.path();
    if (file.path().filename() == "mixture.wav") mixtures.push_back(read_file(file.path()));
  }
  ASSERT_EQ(mixtures.size(), 5U);
  std::sort(mixtures.begin(), mixtures.end());
  EXPECT_EQ(std::adjacent_find(mixtures.begin(), mixtures.end()), mixtures.end());
}

}  // namespace
}  // namespace unmix
