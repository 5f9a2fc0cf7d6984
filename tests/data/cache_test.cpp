#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "data/cache.h"
#include "tests/support/audio_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::noise;
using test::TemporaryFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

// One track of five different noises, and the folder its decoded audio goes to.
class Cache : public ::testing::Test {
 protected:
  Cache() {
    fs::create_directories(folder_ / "train/song");
    parts_.push_back(noise(44100, 2, 3000, 1));
    for (unsigned k = 0; k < 4; ++k) parts_.push_back(noise(44100, 2, 3000, k + 2));
    write_audio(file("mixture"), parts_[0]);
    for (size_t k = 0; k < 4; ++k) write_audio(file(musdb_sources[k]), parts_[k + 1]);
  }

  fs::path file(const std::string& name) const { return folder_ / ("train/song/" + name + ".wav"); }
  Track track() const { return musdb_tracks(folder_.path(), Subset::train, true).at(0); }
  fs::path cache() const { return folder_ / "cache/decoded"; }
  fs::path cache_file() const { return fs::directory_iterator(cache())->path(); }

  std::vector<float> part(const DecodedTrack& decoded, int index) const {
    std::vector<float> samples(static_cast<size_t>(decoded.channels() * decoded.frames()));
    decoded.read(index, 0, decoded.frames(), samples.data());
    return samples;
  }
  void expect_decoded(const DecodedTrack& decoded) const {
    ASSERT_EQ(decoded.parts(), 5);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(part(decoded, i), parts_[static_cast<size_t>(i)].samples) << i;
  }

  TemporaryFolder folder_;
  std::vector<Audio> parts_;
};

TEST_F(Cache, HoldsTheBitsOfSixteenBitFiles) {
  const DecodedTrack decoded(track(), cache());
  EXPECT_EQ(decoded.name(), "song");
  EXPECT_EQ(decoded.frames(), 3000);
  EXPECT_EQ(decoded.channels(), 2);
  EXPECT_EQ(decoded.sample_rate(), 44100);
  expect_decoded(decoded);
}

// The file is written in blocks of 65,536 frames.
TEST_F(Cache, HoldsTheBitsOfManyBlocks) {
  for (size_t k = 0; k < 5; ++k) {
    parts_[k] = noise(44100, 2, 2 * 65536 + 1000, static_cast<unsigned>(k) + 1);
    write_audio(file(k == 0 ? "mixture" : musdb_sources[k - 1]), parts_[k]);
  }
  expect_decoded(DecodedTrack(track(), cache()));
}

TEST_F(Cache, ReadsPartsWithGainAndSwappedChannels) {
  const DecodedTrack decoded(track(), cache());
  std::vector<float> samples(2 * 70);
  decoded.read(3, 500, 70, samples.data(), 0.5F, true);
  for (int c = 0; c < 2; ++c) {
    for (size_t t = 0; t < 70; ++t) {
      EXPECT_EQ(samples[static_cast<size_t>(c) * 70 + t], 0.5F * parts_[3].channel(1 - c)[500 + t]);
    }
  }
}

TEST_F(Cache, IsWrittenOnceAndOpenedAfter) {
  const Track opened = track();
  { const DecodedTrack decoded(opened, cache()); }
  const auto written = fs::last_write_time(cache_file());
  // A mark in the samples shows whether the file is read or made anew.
  std::string bytes = read_file(cache_file());
  bytes.back() ^= 1;
  write_file(cache_file(), bytes);
  fs::last_write_time(cache_file(), written);
  EXPECT_NE(part(DecodedTrack(opened, cache()), 4), parts_[4].samples);
  EXPECT_EQ(fs::last_write_time(cache_file()), written);
}

TEST_F(Cache, AChangedSourceIsDecodedAnew) {
  { const DecodedTrack decoded(track(), cache()); }
  parts_[2] = noise(44100, 2, 3000, 99);
  write_audio(file("drums"), parts_[2]);
  fs::last_write_time(file("drums"), fs::last_write_time(file("drums")) + std::chrono::seconds(5));
  expect_decoded(DecodedTrack(track(), cache()));
  EXPECT_EQ(std::distance(fs::directory_iterator(cache()), fs::directory_iterator()), 1);
}

TEST_F(Cache, ADamagedFileIsMadeAnew) {
  { const DecodedTrack decoded(track(), cache()); }
  const std::string whole = read_file(cache_file());
  std::vector<std::string> damaged = {"", whole.substr(0, 30), whole.substr(0, whole.size() - 1), whole + "x"};
  for (const size_t byte : {0, 8, 12, 16, 24, 32, 40, 48}) {
    damaged.push_back(whole);
    damaged.back()[byte] ^= 4;
  }
  for (const std::string& bytes : damaged) {
    write_file(cache_file(), bytes);
    expect_decoded(DecodedTrack(track(), cache()));
    EXPECT_EQ(read_file(cache_file()), whole);
  }
}

TEST_F(Cache, OneFileHasOnePlaceByWhateverPath) {
  const DecodedTrack first(track(), cache());
  const auto written = fs::last_write_time(cache_file());
  fs::create_directory_symlink(folder_.path(), folder_ / "link");
  const fs::path relative = fs::relative(folder_.path());
  for (const fs::path& root : {folder_ / "./", folder_ / "train/..", folder_ / "link", relative}) {
    expect_decoded(DecodedTrack(musdb_tracks(root, Subset::train, true).at(0), cache()));
    EXPECT_EQ(std::distance(fs::directory_iterator(cache()), fs::directory_iterator()), 1) << root;
    EXPECT_EQ(fs::last_write_time(cache_file()), written) << root;
  }
}

// A source that changes all the time stands for a second process that puts its own in place of what was just written.
TEST_F(Cache, WhatIsReplacedAtOnceIsStillRead) {
  const Track opened = track();
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    for (int64_t i = 0; !stop; ++i) {
      fs::last_write_time(file("bass"), fs::file_time_type(std::chrono::seconds(i)));
      const DecodedTrack again(opened, cache());
    }
  });
  for (int i = 0; i < 30; ++i) EXPECT_NO_THROW(expect_decoded(DecodedTrack(opened, cache())));
  stop = true;
}

TEST_F(Cache, SamplesBeyondFullScaleAreKept) {
  for (size_t i = 0; i < parts_[1].samples.size(); ++i) parts_[1].samples[i] *= 1.7F;
  write_audio(file("vocals"), parts_[1], SampleFormat::floating);
  const DecodedTrack decoded(track(), cache());
  const std::vector<float> samples = part(decoded, 1);
  float largest = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    largest = std::max(largest, std::fabs(samples[i]));
    ASSERT_NEAR(samples[i], parts_[1].samples[i], 1.01 * decoded.scale());
  }
  EXPECT_GT(largest, 1.6);
}

TEST_F(Cache, ErrorsAreNamedAndLeaveNoFile) {
  const Track opened = track();
  const std::string whole = read_file(file("bass"));
  write_file(file("bass"), whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_of([&] { DecodedTrack(opened, cache()); }), HasSubstr("bass.wav: the file is truncated"));
  EXPECT_TRUE(fs::is_empty(cache()));
  EXPECT_THAT(error_of([&] { decode_tracks({opened, opened, opened}, cache(), 3); }), HasSubstr("bass.wav"));
  fs::remove(file("bass"));
  EXPECT_THAT(error_of([&] { DecodedTrack(opened, cache()); }), HasSubstr("bass.wav: No such file"));
  write_file(file("bass"), whole);
  write_file(folder_ / "occupied", "x");
  EXPECT_THAT(error_of([&] { DecodedTrack(opened, folder_ / "occupied/cache"); }), HasSubstr("occupied/cache"));
}

TEST_F(Cache, SeveralTracksOnSeveralThreads) {
  std::vector<Track> tracks;
  for (const char* name : {"a", "b", "c", "d"}) {
    fs::copy(folder_ / "train/song", folder_ / "train" / name);
  }
  tracks = musdb_tracks(folder_.path(), Subset::train, true);
  std::vector<size_t> done;
  const DecodedTracks decoded = decode_tracks(tracks, cache(), 3, [&](size_t count, size_t total) {
    done.push_back(count);
    EXPECT_EQ(total, 5U);
  });
  EXPECT_EQ(done, (std::vector<size_t>{1, 2, 3, 4, 5}));
  for (size_t i = 0; i < tracks.size(); ++i) {
    EXPECT_EQ(decoded[i]->name(), tracks[i].name);
    expect_decoded(*decoded[i]);
  }
}

TEST(CacheFolder, FollowsTheDesktopConvention) {
  const char* home = std::getenv("HOME");
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string home_before = home != nullptr ? home : "";
  const std::string cache_before = cache != nullptr ? cache : "";
  setenv("HOME", "/somewhere", 1);
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(default_cache_folder(), "/somewhere/.cache/unmix");
  setenv("XDG_CACHE_HOME", "/elsewhere", 1);
  EXPECT_EQ(default_cache_folder(), "/elsewhere/unmix");
  setenv("HOME", home_before.c_str(), 1);
  cache_before.empty() ? unsetenv("XDG_CACHE_HOME") : setenv("XDG_CACHE_HOME", cache_before.c_str(), 1);
}

// The source order differs between the file (mixture, drums, bass, other, vocals) and the library.
TEST(StemCache, PutsVocalsFirst) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "train");
  const fs::path path = folder / "train/song.stem.mp4";
  std::vector<Audio> stems;
  for (const double frequency : {200, 400, 800, 1600, 3200}) {
    stems.push_back(test::tone(44100, 2, 20000, frequency));
  }
  test::write_stem_file(path, stems);
  const std::vector<Audio> streams = read_stems(path);
  const DecodedTrack decoded(musdb_tracks(folder.path(), Subset::train, false).at(0), folder / "cache");
  EXPECT_EQ(decoded.frames(), streams[0].frames());
  const std::vector<int> stream_of_part = {0, 4, 1, 2, 3};
  for (int i = 0; i < 5; ++i) {
    std::vector<float> samples(static_cast<size_t>(2 * decoded.frames()));
    decoded.read(i, 0, decoded.frames(), samples.data());
    const auto& expected = streams[static_cast<size_t>(stream_of_part[static_cast<size_t>(i)])].samples;
    for (size_t t = 0; t < samples.size(); ++t) ASSERT_NEAR(samples[t], expected[t], 0.51 / 32768) << i;
  }
}

}  // namespace
}  // namespace unmix
