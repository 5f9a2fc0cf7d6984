// --check-data: what is counted and what is found.
#include "base/file.h"
#include "data/check_data.h"
#include "data/registry.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/dataset_trees.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const TrackCheck& track_of(const DataReport& report, const std::string& name) {
  for (const TrackCheck& track : report.tracks)
    if (track.name == name) return track;
  fail("test", "no track '{}' in the report", name);
}

class CheckEveryDataset : public testing::TestWithParam<std::string> {
 protected:
  TemporaryFolder folder_;
};

TEST_P(CheckEveryDataset, CountsTracksAndSignals) {
  write_tree(GetParam(), folder_ / "root");
  const DatasetOptions options = tree_options(GetParam(), folder_ / "root");
  const Listing listing = find_dataset(GetParam()).list(options);
  size_t last = 0;
  const DataReport report = check_data(options, [&](size_t done, size_t total) {
    EXPECT_EQ(done, ++last);
    EXPECT_EQ(total, listing.train.size() + listing.valid.size());
  });
  EXPECT_EQ(last, report.tracks.size());
  EXPECT_EQ(report.usable(true), std::ssize(listing.train));
  EXPECT_EQ(report.usable(false), std::ssize(listing.valid));
  EXPECT_EQ(report.sample_rate, kTreeRate);
  for (const TrackCheck& track : report.tracks) {
    EXPECT_FALSE(track.signals.empty());
    EXPECT_NEAR(track.seconds(), 0.1, 0.05);
    for (const SignalCheck& signal : track.signals) {
      EXPECT_EQ(signal.channels, 2);
      EXPECT_FALSE(signal.silent());
      EXPECT_EQ(signal.clipped, 0);
    }
  }
  EXPECT_THAT(to_text(report), AllOf(HasSubstr("data set  " + GetParam()), HasSubstr("44100 (")));
  const auto json = to_json(report);
  EXPECT_EQ(json.at("usable").at("train"), listing.train.size());
  EXPECT_EQ(json.at("tracks").size(), report.tracks.size());
}

TEST_P(CheckEveryDataset, ListsWhatCannotBeUsed) {
  write_tree(GetParam(), folder_ / "root");
  const DatasetOptions options = tree_options(GetParam(), folder_ / "root");
  const ListedTrack track = find_dataset(GetParam()).list(options).train.at(1);
  write_file(track.files.back(), "no audio");
  const DataReport report = check_data(options);
  EXPECT_THAT(track_of(report, track.name).problem, HasSubstr(track.files.back().string()));
  EXPECT_EQ(report.usable(true), std::ssize(find_dataset(GetParam()).list(options).train) - 1);
  EXPECT_THAT(to_text(report), HasSubstr("cannot be used\n  train/" + track.name));
}

INSTANTIATE_TEST_SUITE_P(Registry, CheckEveryDataset, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const DatasetEntry& entry : dataset_registry()) names.push_back(entry.name);
                           return names;
                         }()),
                         [](const auto& info) { return info.param; });

TEST(CheckData, FindsSilenceClippingAndWrongMixtures) {
  const TemporaryFolder folder;
  const fs::path root = folder / "root";
  for (const char* name : {"good", "bad"}) {
    fs::create_directories(root / "train" / name);
    Audio sum{44100, 2, std::vector<float>(2 * 5000, 0.0F)};
    for (size_t k = 0; k < musdb_sources.size(); ++k) {
      Audio source = noise(44100, 2, 5000, static_cast<unsigned>(k + 1));
      for (size_t i = 0; i < source.samples.size(); ++i) sum.samples[i] += source.samples[i] /= 8;
      write_audio(root / "train" / name / (musdb_sources[k] + ".wav"), source, SampleFormat::floating);
    }
    write_audio(root / "train" / name / "mixture.wav", sum, SampleFormat::floating);
  }
  Audio drums = noise(44100, 2, 5000, 2);
  for (float& sample : drums.samples) sample /= 8;
  for (size_t i = 0; i < 4; ++i) drums.samples[100 + i] = drums.samples[7000 + i] = -1.5F;
  drums.samples[200] = drums.samples[201] = 1.0F;  // two in a row are a peak
  write_audio(root / "train/bad/drums.wav", drums, SampleFormat::floating);
  write_audio(root / "train/bad/bass.wav", Audio{44100, 2, std::vector<float>(2 * 5000, 0.0F)});
  write_file(root / "validation.txt", "");

  const DataReport report = check_data(tree_options("musdb", root));
  const TrackCheck &good = track_of(report, "good"), &bad = track_of(report, "bad");
  EXPECT_THAT(good.warnings(), testing::IsEmpty());
  EXPECT_LT(good.mixture_error.value(), -100.0);
  ASSERT_EQ(bad.signals.size(), 5U);
  EXPECT_EQ(bad.signals[2].name, "drums.wav");
  EXPECT_EQ(bad.signals[2].clipped, 8);
  EXPECT_FLOAT_EQ(bad.signals[2].peak, 1.5F);
  EXPECT_TRUE(bad.signals[3].silent());
  EXPECT_THAT(bad.warnings(), testing::ElementsAre(HasSubstr("drums.wav is clipped: 8 samples"), "bass.wav is silent",
                                                   HasSubstr("not the sum of its stems")));
  EXPECT_THAT(to_text(report), HasSubstr("warnings on 1 tracks\n  train/bad: "));
}

// Signals of more than two blocks have the figures of the whole, and unequal lengths are found.
TEST(CheckData, FiguresOfManyBlocks) {
  constexpr int64_t block = 1 << 18, frames = 2 * block + 1000;
  const TemporaryFolder folder;
  const fs::path root = folder / "root";
  Audio mixture = noise(44100, 1, frames, 3);
  for (int64_t i = block - 2; i < block + 2; ++i) mixture.samples[static_cast<size_t>(i)] = 1.0F;
  mixture.samples.back() = -1.5F;
  Audio vocals = mixture;
  double energy = 0.0, rest = 0.0;
  for (int64_t i = 0; i < frames; ++i) {
    float& sample = vocals.samples[static_cast<size_t>(i)];
    energy += static_cast<double>(sample) * sample;
    if (i < 2 * block) continue;
    rest += static_cast<double>(sample) * sample;
    sample = 0.0F;
  }
  for (const char* track : {"even", "odd"}) {
    fs::create_directories(root / "train" / track);
    for (const std::string& source : musdb_sources)
      write_audio(root / "train" / track / (source + ".wav"), {44100, 1, std::vector<float>(frames)});
    write_audio(root / "train" / track / "mixture.wav", mixture, SampleFormat::floating);
  }
  write_audio(root / "train/even/vocals.wav", vocals, SampleFormat::floating);
  write_audio(root / "train/odd/vocals.wav", part_of(vocals, 0, 2 * block), SampleFormat::floating);
  write_file(root / "validation.txt", "");

  const DataReport report = check_data(tree_options("musdb", root));
  const TrackCheck& even = track_of(report, "even");
  ASSERT_EQ(even.signals.size(), 5U);
  EXPECT_EQ(even.signals[0].clipped, 4);
  EXPECT_EQ(even.signals[0].peak, 1.5F);
  EXPECT_EQ(even.signals[1].peak, 1.0F);
  EXPECT_EQ(even.signals[0].seconds, static_cast<double>(frames) / 44100);
  EXPECT_NEAR(even.mixture_error.value(), 10.0 * std::log10(rest / energy), 1e-9);
  EXPECT_THAT(track_of(report, "odd").problem, HasSubstr("unequal lengths"));
}

// Of stem files, a block at a time, the same figures as of the whole.
TEST(CheckData, StemFilesBlockByBlock) {
  const TemporaryFolder folder;
  const fs::path file = folder / "song.stem.mp4";
  std::vector<Audio> stems;
  for (const double frequency : {200, 400, 800, 1600, 3200}) stems.push_back(tone(44100, 2, 700000, frequency));
  write_stem_file(file, stems);
  const std::vector<Audio> whole = read_stems(file);
  int64_t at = 0, blocks = 0;
  read_stem_blocks(file, [&](const std::vector<Audio>& block) {
    ASSERT_EQ(block.size(), 5U);
    for (size_t k = 0; k < 5; ++k)
      for (int c = 0; c < 2; ++c) {
        ASSERT_EQ(block[k].frames(), block[0].frames());
        const auto part = whole[k].channel(c).subspan(static_cast<size_t>(at), static_cast<size_t>(block[k].frames()));
        ASSERT_TRUE(std::equal(part.begin(), part.end(), block[k].channel(c).begin()));
      }
    at += block[0].frames();
    ++blocks;
  });
  EXPECT_EQ(at, whole[0].frames());
  EXPECT_GE(blocks, 3);
}

}  // namespace
}  // namespace unmix::test
