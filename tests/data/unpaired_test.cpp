// Unpaired mixtures and stems: which files, which excerpts, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/file.h"
#include "data/unpaired.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/encoded_files.h"
#include "tests/support/tolerances.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int64_t kFrames = 400;

class Unpaired : public ::testing::Test {
 protected:
  Unpaired() {
    for (const char* folder : {"mixtures", "stems/drums", "stems/vocals", "empty"})
      fs::create_directories(folder_ / folder);
    write("mixtures/a.wav", 3 * kFrames, 1);
    write("mixtures/b.flac", kFrames, 2);
    write("mixtures/short.wav", kFrames - 1, 3);
    write_file(folder_ / "mixtures/notes.txt", "no audio");
    write_file(folder_ / "mixtures/.hidden.wav", "no audio");
    write("stems/drums/d.wav", 2 * kFrames, 4);
    write("stems/vocals/v.wav", 2 * kFrames, 5);
  }

  void write(const std::string& name, int64_t frames, unsigned seed, int channels = 2, int rate = 44100) {
    write_audio(folder_ / name, noise(rate, channels, frames, seed));
  }

  UnpairedOptions options(const std::string& mixtures, const std::string& stems = "") const {
    UnpairedOptions o;
    if (!mixtures.empty()) o.mixtures = folder_ / mixtures;
    if (!stems.empty()) o.stems = folder_ / stems;
    o.targets = {"vocals", "drums"};
    o.cache = folder_ / "cache";
    o.frames = kFrames;
    return o;
  }

  static Batch batch(const UnpairedData& data, int64_t epoch, int64_t first, int64_t count) {
    Batch batch;
    data.add_to(batch, epoch, first, count);
    return batch;
  }

  // Whether the excerpt of one channel lies in the file.
  static bool lies_in(const float* excerpt, const Audio& audio) {
    const auto channel = audio.channel(0);
    for (size_t start = 0; start + kFrames <= channel.size(); ++start)
      if (std::equal(excerpt, excerpt + kFrames, channel.begin() + static_cast<int64_t>(start))) return true;
    return false;
  }

  std::string error(const UnpairedOptions& options) const {
    return error_of([&] { UnpairedData{options}; });
  }

  TemporaryFolder folder_;
};

TEST_F(Unpaired, ExcerptsComeFromTheFilesOfTheirFolders) {
  const UnpairedData data(options("mixtures", "stems"));
  const Batch made = batch(data, 0, 0, 16);
  EXPECT_EQ(made.unpaired_mixture.shape(), (Shape{16, 2, kFrames}));
  EXPECT_EQ(made.unpaired_stems.shape(), (Shape{2, 16, 2, kFrames}));
  const Audio a = read_audio(folder_ / "mixtures/a.wav"), b = read_audio(folder_ / "mixtures/b.flac");
  int of_a = 0, of_b = 0;
  for (int64_t i = 0; i < 16; ++i) {
    of_a += lies_in(made.unpaired_mixture[i].data(), a);
    of_b += lies_in(made.unpaired_mixture[i].data(), b);
    EXPECT_TRUE(lies_in(made.unpaired_stems[0][i].data(), read_audio(folder_ / "stems/vocals/v.wav")));
    EXPECT_TRUE(lies_in(made.unpaired_stems[1][i].data(), read_audio(folder_ / "stems/drums/d.wav")));
    EXPECT_FALSE(lies_in(made.unpaired_stems[0][i].data(), read_audio(folder_ / "stems/drums/d.wav")));
  }
  EXPECT_EQ(of_a + of_b, 16);
  EXPECT_GT(of_a, 0);
  EXPECT_GT(of_b, 0);
  ASSERT_EQ(data.left_out().size(), 1u);
  EXPECT_THAT(data.left_out()[0], HasSubstr("short.wav is left out"));
}

TEST_F(Unpaired, AnExcerptDependsOnSeedEpochAndIndexAlone) {
  const UnpairedData data(options("mixtures", "stems"));
  const auto values = [](const Tensor& tensor) { return tensor.to_vector(); };
  const Batch whole = batch(data, 3, 0, 4), part = batch(UnpairedData(options("mixtures", "stems")), 3, 2, 2);
  EXPECT_EQ(values(whole.unpaired_mixture.rows(2, 4)), values(part.unpaired_mixture));
  EXPECT_EQ(values(whole.unpaired_stems[1].rows(2, 4)), values(part.unpaired_stems[1]));
  EXPECT_NE(values(whole.unpaired_mixture), values(batch(data, 4, 0, 4).unpaired_mixture));
  UnpairedOptions other = options("mixtures", "stems");
  other.seed = 43;
  EXPECT_NE(values(whole.unpaired_mixture), values(batch(UnpairedData(other), 3, 0, 4).unpaired_mixture));
}

TEST_F(Unpaired, EitherFolderMayBeLeftOut) {
  const Batch mixtures = batch(UnpairedData(options("mixtures")), 0, 0, 1);
  EXPECT_TRUE(mixtures.unpaired_mixture.defined());
  EXPECT_FALSE(mixtures.unpaired_stems.defined());
  const Batch stems = batch(UnpairedData(options("", "stems")), 0, 0, 1);
  EXPECT_FALSE(stems.unpaired_mixture.defined());
  EXPECT_TRUE(stems.unpaired_stems.defined());
}

TEST_F(Unpaired, FilesOfEveryFormatAreUsed) {
  fs::create_directories(folder_ / "compressed");
  write_encoded(folder_ / "compressed/C.M4A", {noise(44100, 2, 4 * kFrames, 7)}, {"ipod", "aac"});
  const UnpairedData data(options("compressed"));
  EXPECT_TRUE(data.left_out().empty());
  EXPECT_TRUE(batch(data, 0, 0, 1).unpaired_mixture.defined());
}

TEST_F(Unpaired, OtherRatesAreResampled) {
  fs::create_directories(folder_ / "slow");
  write_audio(folder_ / "slow/tone.wav", tone(22050, 2, 11025, 1000), SampleFormat::floating);
  UnpairedOptions o = options("slow");
  o.frames = 22050 - 10;
  const Batch made = batch(UnpairedData(o), 0, 0, 1);
  // The period of 1 kHz at 44.1 kHz, 44.1 samples: 441 samples are ten of them.
  const float* x = made.unpaired_mixture.data();
  double difference = 0.0, power = 0.0;
  for (int64_t t = 4000; t < 12000; ++t) {
    difference += (x[t + 441] - x[t]) * (x[t + 441] - x[t]);
    power += x[t] * x[t];
  }
  EXPECT_LT(std::sqrt(difference / power), 1e-3);
  EXPECT_NEAR(power / 8000, 0.125, 0.005);  // of amplitude 0.5
}

TEST_F(Unpaired, RefusesWhatCannotBeUsed) {
  EXPECT_THAT(error(options("nowhere")), HasSubstr("nowhere: there is no such folder"));
  EXPECT_THAT(error(options("empty")), HasSubstr("no audio files in this folder"));
  EXPECT_THAT(error(options("", "nowhere")), HasSubstr("--unpaired-stems"));
  EXPECT_THAT(error(options("", "empty")), HasSubstr("of target 'vocals' is missing"));
  fs::create_directories(folder_ / "mono");
  write("mono/m.wav", kFrames, 6, 1);
  EXPECT_THAT(error(options("mono")), HasSubstr("m.wav has 1 channel, 2 are expected"));
  UnpairedOptions long_excerpts = options("mixtures");
  long_excerpts.frames = 3 * kFrames + 1;
  EXPECT_THAT(error(long_excerpts), HasSubstr("no file is as long as an excerpt"));
  write_file(folder_ / "mixtures/broken.wav", "no audio");
  EXPECT_THAT(error(options("mixtures")), HasSubstr("broken.wav"));
}

}  // namespace
}  // namespace unmix::test
