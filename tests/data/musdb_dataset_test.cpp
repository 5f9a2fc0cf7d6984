#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "data/loader.h"
#include "data/musdb_dataset.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int kRate = 8000;
constexpr int kSecond = kRate;

// A source whose samples tell where they come from: left = track, right = place, both scaled to 16 bits.
Audio ramp(int track, int64_t frames) {
  Audio audio{kRate, 2, std::vector<float>(static_cast<size_t>(2 * frames))};
  for (int64_t t = 0; t < frames; ++t) {
    audio.channel(0)[static_cast<size_t>(t)] = static_cast<float>(track + 1) / 64;
    audio.channel(1)[static_cast<size_t>(t)] = static_cast<float>(1000 + t) / 32768;
  }
  return audio;
}

// Four tracks "0" .. "3" of 2 to 3.5 s.
class MusdbDatasetTest : public ::testing::Test {
 protected:
  MusdbDatasetTest() {
    for (int i = 0; i < 4; ++i) add_track(std::to_string(i), i, 2 * kSecond + i * kSecond / 2);
  }

  void add_track(const std::string& name, int number, int64_t frames) {
    const fs::path track = folder_ / ("train/" + name);
    fs::create_directories(track);
    for (const char* part : {"mixture", "vocals", "drums", "bass", "other"}) {
      write_audio(track / (std::string(part) + ".wav"), ramp(number, frames));
    }
  }

  DecodedTracks tracks() const {
    return decode_tracks(musdb_tracks(folder_.path(), Subset::train, true, kRate), folder_ / "cache", 2);
  }

  static DatasetOptions options() {
    DatasetOptions options;
    options.seq_dur = 0.5;
    options.samples_per_track = 5;
    return options;
  }

  TemporaryFolder folder_;
};

struct Source {
  int track;
  int64_t start;
};

// Reads a ramp's track and place from a sample without augmentation.
Source source_of(const Batch& batch, int64_t k, int64_t b) {
  const float* samples = batch.targets[k][b].data();
  const int64_t frames = batch.targets.dim(3);
  for (int64_t t = 0; t < frames; ++t) {
    EXPECT_EQ(samples[t], samples[0]);
    EXPECT_EQ(samples[frames + t], samples[frames] + static_cast<float>(t) / 32768);
  }
  return {static_cast<int>(samples[0] * 64) - 1, static_cast<int64_t>(samples[frames] * 32768) - 1000};
}

TEST_F(MusdbDatasetTest, ShapesAndSum) {
  const MusdbDataset sampler(tracks(), {}, options());
  EXPECT_EQ(sampler.samples_per_epoch(), 20);
  EXPECT_EQ(sampler.frames(), kSecond / 2);
  const Batch batch = sampler.batch(0, 3, 7);
  EXPECT_EQ(batch.mixture.shape(), (Shape{7, 2, kSecond / 2}));
  EXPECT_EQ(batch.targets.shape(), (Shape{4, 7, 2, kSecond / 2}));
  EXPECT_EQ(batch.tracks.size(), 7U);
  const int64_t size = batch.mixture.size();
  for (int64_t i = 0; i < size; ++i) {
    float sum = 0;
    for (int64_t k = 0; k < 4; ++k) sum += batch.targets.data()[k * size + i];
    ASSERT_FLOAT_EQ(batch.mixture.data()[i], sum);
  }
}

TEST_F(MusdbDatasetTest, EachSourceComesFromAnyTrackAndPlace) {
  DatasetOptions plain = options();
  plain.source_augmentations.emplace();
  plain.samples_per_track = 500;
  const MusdbDataset sampler(tracks(), {}, plain);
  const Batch batch = sampler.batch(0, 0, 2000);
  std::map<int, int> counts;
  int same_track = 0;
  int64_t last_start = 0;
  for (int64_t b = 0; b < 2000; ++b) {
    std::set<int> used;
    for (int64_t k = 0; k < 4; ++k) {
      const Source source = source_of(batch, k, b);
      ++counts[source.track];
      used.insert(source.track);
      const int64_t end = 2 * kSecond + source.track * kSecond / 2 - kSecond / 2;
      ASSERT_GE(source.start, 0);
      ASSERT_LT(source.start, end);
      if (source.track == 3) last_start = std::max(last_start, source.start);
      const std::string name = musdb_sources[static_cast<size_t>(k)] + ": " + std::to_string(source.track);
      ASSERT_THAT(batch.tracks[static_cast<size_t>(b)], HasSubstr(name));
    }
    same_track += used.size() == 1 ? 1 : 0;
  }
  // 8000 draws: 2000 expected of each track, with a standard deviation of 39; one sample in 64 is of one track.
  for (const auto& [track, count] : counts) EXPECT_NEAR(count, 2000, 200) << track;
  EXPECT_NEAR(same_track, 2000 / 64, 25);
  EXPECT_GT(last_start, 2.9 * kSecond);
}

TEST_F(MusdbDatasetTest, WithoutMixingAllSourcesAreOneExcerpt) {
  DatasetOptions plain = options();
  plain.source_augmentations.emplace();
  plain.random_track_mix = false;
  const MusdbDataset sampler(tracks(), {}, plain);
  const Batch batch = sampler.batch(0, 0, 20);
  std::set<int64_t> starts;
  for (int64_t b = 0; b < 20; ++b) {
    const Source first = source_of(batch, 0, b);
    EXPECT_EQ(first.track, b / 5);
    starts.insert(first.start);
    for (int64_t k = 1; k < 4; ++k) {
      EXPECT_EQ(source_of(batch, k, b).track, first.track);
      EXPECT_EQ(source_of(batch, k, b).start, first.start);
    }
  }
  EXPECT_GT(starts.size(), 15U);
}

TEST_F(MusdbDatasetTest, GainAndChannelSwap) {
  DatasetOptions augmented = options();
  augmented.samples_per_track = 500;
  augmented.source_augmentations = std::vector{Augmentation::gain};
  const Batch gained = MusdbDataset(tracks(), {}, augmented).batch(0, 0, 2000);
  double sum = 0;
  double low = 10;
  double high = 0;
  for (int64_t i = 0; i < 8000; ++i) {
    const float* samples = gained.targets.reshape({8000, 2, kSecond / 2})[i].data();
    const double gain = (samples[kSecond - 1] - samples[kSecond / 2]) * 32768 / (kSecond / 2 - 1);
    sum += gain;
    low = std::min(low, gain);
    high = std::max(high, gain);
  }
  EXPECT_NEAR(sum / 8000, 0.75, 0.02);
  EXPECT_NEAR(low, 0.25, 0.005);
  EXPECT_NEAR(high, 1.25, 0.005);

  augmented.source_augmentations = std::vector{Augmentation::channelswap};
  const Batch swapped = MusdbDataset(tracks(), {}, augmented).batch(0, 0, 2000);
  int swaps = 0;
  for (int64_t i = 0; i < 8000; ++i) {
    const float* samples = swapped.targets.reshape({8000, 2, kSecond / 2})[i].data();
    swaps += samples[0] != samples[1] ? 1 : 0;  // the place moves, the track does not
  }
  EXPECT_NEAR(swaps, 4000, 250);
  EXPECT_THROW(choose("source-augmentations", "reverb", augmentation_names), UsageError);
}

TEST_F(MusdbDatasetTest, ASampleDependsOnSeedEpochAndIndexAlone) {
  const MusdbDataset sampler(tracks(), {}, options());
  const Batch whole = sampler.batch(3, 0, 20);
  const Batch again = MusdbDataset(tracks(), {}, options()).batch(3, 0, 20);
  EXPECT_EQ(whole.mixture.to_vector(), again.mixture.to_vector());
  EXPECT_EQ(whole.targets.to_vector(), again.targets.to_vector());
  for (int64_t b = 0; b < 20; ++b) {
    const Batch one = sampler.batch(3, b, 1);
    EXPECT_EQ(one.mixture.to_vector(), whole.mixture[b].to_vector());
    EXPECT_EQ(one.tracks[0], whole.tracks[static_cast<size_t>(b)]);
  }
  EXPECT_NE(sampler.batch(4, 0, 20).mixture.to_vector(), whole.mixture.to_vector());
  DatasetOptions other = options();
  other.seed = 43;
  EXPECT_NE(MusdbDataset(tracks(), {}, other).batch(3, 0, 20).mixture.to_vector(), whole.mixture.to_vector());
}

TEST_F(MusdbDatasetTest, ShortTracksAreLeftOutWithTheReason) {
  add_track("short", 5, kSecond / 2);
  const MusdbDataset sampler(tracks(), {}, options());
  EXPECT_EQ(sampler.tracks().size(), 4U);
  ASSERT_EQ(sampler.left_out().size(), 1U);
  EXPECT_THAT(sampler.left_out()[0], HasSubstr("track 'short' is left out: its 0.50 s are not longer than"));
  EXPECT_EQ(sampler.samples_per_epoch(), 20);
  DatasetOptions long_excerpts = options();
  long_excerpts.seq_dur = 3.5;
  EXPECT_THAT(error_of([&] { MusdbDataset(tracks(), {}, long_excerpts); }), HasSubstr("no track is longer than"));
  long_excerpts.seq_dur = 0;
  EXPECT_THAT(error_of([&] { MusdbDataset(tracks(), {}, long_excerpts); }), HasSubstr("excerpts of 0 s"));
  EXPECT_THAT(error_of([&] { sampler.batch(0, 15, 6); }), HasSubstr("an epoch has 20"));
}

TEST_F(MusdbDatasetTest, MonoTracksAreNotSwappedAndNotMixedWithStereo) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "train/mono");
  for (const char* part : {"mixture", "vocals", "drums", "bass", "other"}) {
    write_audio(folder / (std::string("train/mono/") + part + ".wav"), test::noise(kRate, 1, kSecond));
  }
  DecodedTracks all = decode_tracks(musdb_tracks(folder.path(), Subset::train, true, kRate), folder / "cache", 1);
  DatasetOptions mono = options();
  EXPECT_THAT(error_of([&] { MusdbDataset(all, {}, mono); }), HasSubstr("have 1 channel, --nb-channels asks for 2"));
  mono.nb_channels = 1;
  EXPECT_EQ(MusdbDataset(all, {}, mono).batch(0, 0, 2).mixture.shape(), (Shape{2, 1, kSecond / 2}));
  for (const auto& track : tracks()) all.push_back(track);
  EXPECT_THAT(error_of([&] { MusdbDataset(all, {}, mono); }), HasSubstr("track '0' has 2 channels"));
}

TEST_F(MusdbDatasetTest, ValidationIsTheWholeTrackWithItsOwnMixture) {
  write_audio(folder_ / "train/2/mixture.wav", test::noise(kRate, 2, 3 * kSecond));
  const Batch batch = MusdbDataset(tracks(), tracks(), options()).validation(2);
  EXPECT_EQ(batch.mixture.shape(), (Shape{1, 2, 3 * kSecond}));
  EXPECT_EQ(batch.targets.shape(), (Shape{4, 1, 2, 3 * kSecond}));
  EXPECT_EQ(batch.mixture.to_vector(), test::noise(kRate, 2, 3 * kSecond).samples);
  EXPECT_EQ(batch.tracks, std::vector<std::string>{"2"});
  for (int64_t k = 0; k < 4; ++k) EXPECT_EQ(batch.targets[k].to_vector(), ramp(2, 3 * kSecond).samples);
}

using LoaderTest = MusdbDatasetTest;

std::vector<std::vector<float>> mixtures(Loader& loader) {
  std::vector<std::vector<float>> result;
  while (auto batch = loader.next()) result.push_back(batch->mixture.to_vector());
  return result;
}

TEST_F(LoaderTest, TheSameBatchesForAnyNumberOfWorkers) {
  const MusdbDataset sampler(tracks(), {}, options());
  Loader alone(sampler, 6, 0);
  EXPECT_EQ(alone.batches_per_epoch(), 4);
  EXPECT_FALSE(alone.next().has_value());
  alone.start_epoch(1);
  const auto expected = mixtures(alone);
  ASSERT_EQ(expected.size(), 4U);
  EXPECT_EQ(expected[0], sampler.batch(1, 0, 6).mixture.to_vector());
  EXPECT_EQ(expected[3], sampler.batch(1, 18, 2).mixture.to_vector());
  for (const int workers : {1, 2, 5}) {
    Loader loader(sampler, 6, workers);
    for (const int64_t epoch : {0, 1}) {
      loader.start_epoch(epoch);
      const auto made = mixtures(loader);
      EXPECT_EQ(made == expected, epoch == 1) << workers << " workers";
      EXPECT_FALSE(loader.next().has_value());
    }
  }
}

// Every worker makes a batch at the same time as the others, and none begins one that would be too far ahead.
TEST(LoaderWorkers, AllWorkAtOnceOnABoundedNumberOfBatches) {
  for (const int workers : {1, 3, 8}) {
    std::mutex mutex;
    std::condition_variable changed;
    int begun = 0, given = 0;
    const auto wait_for = [&](std::unique_lock<std::mutex>& lock, const auto& what) {
      return changed.wait_for(lock, std::chrono::seconds(20), what);
    };
    const MakeBatch make = [&](int64_t, int64_t first, int64_t) {
      std::unique_lock lock(mutex);
      EXPECT_LE(first, given + workers);
      ++begun;
      changed.notify_all();
      EXPECT_TRUE(wait_for(lock, [&] { return begun >= workers; })) << workers << " workers, " << begun << " at work";
      return Batch{};
    };
    Loader loader(make, 30, 1, workers);
    loader.start_epoch(0);
    for (int batch = 0; batch < 30; ++batch) {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(wait_for(lock, [&] { return begun == std::min(30, batch + workers + 1); }));
      given = batch + 1;
      lock.unlock();
      EXPECT_TRUE(loader.next().has_value());
    }
  }
}

TEST_F(LoaderTest, StartsAnywhereAndDropsWhatWasMadeAhead) {
  const MusdbDataset sampler(tracks(), {}, options());
  for (const int workers : {0, 3}) {
    Loader loader(sampler, 6, workers);
    for (int repeat = 0; repeat < 20; ++repeat) {
      loader.start_epoch(7);
      loader.next();
      loader.start_epoch(1, 2);
      EXPECT_EQ(loader.next()->mixture.to_vector(), sampler.batch(1, 12, 6).mixture.to_vector());
      EXPECT_EQ(mixtures(loader).size(), 1U);
    }
    loader.start_epoch(0, 4);
    EXPECT_FALSE(loader.next().has_value());
    EXPECT_THAT(error_of([&] { loader.start_epoch(0, 5); }), HasSubstr("an epoch has 4"));
  }
}

TEST_F(LoaderTest, EndsCleanlyInTheMiddleOfAnEpoch) {
  const MusdbDataset sampler(tracks(), {}, options());
  for (int repeat = 0; repeat < 50; ++repeat) {
    Loader loader(sampler, 1, 4);
    loader.start_epoch(repeat);
    EXPECT_TRUE(repeat % 2 == 0 || loader.next().has_value());
  }
}

TEST_F(LoaderTest, AnErrorComesWhereItsBatchWould) {
  const MusdbDataset sampler(tracks(), {}, options());
  const MakeBatch make = [&](int64_t epoch, int64_t first, int64_t count) {
    if (first == 6) fail("test", "second batch");
    return sampler.batch(epoch, first, count);
  };
  for (const int workers : {0, 1, 3}) {
    Loader loader(make, 20, 6, workers);
    loader.start_epoch(1);
    EXPECT_TRUE(loader.next().has_value());
    EXPECT_EQ(error_of([&] { loader.next(); }), "[test] second batch");
    EXPECT_EQ(loader.next()->mixture.to_vector(), sampler.batch(1, 12, 6).mixture.to_vector());
  }
  EXPECT_THAT(error_of([&] { Loader(sampler, 0, 0); }), HasSubstr("batch size is 0"));
  EXPECT_THAT(error_of([&] { Loader(sampler, 1, -1); }), HasSubstr("-1 workers"));
}

}  // namespace
}  // namespace unmix
