// Block by block against all at once.
#include <cmath>

#include "audio/resampler.h"
#include "evaluation/sdr.h"
#include "layers/stft.h"
#include "separation/overlap_add.h"
#include "separation/separator.h"
#include "separation/spectra.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"

namespace unmix {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A stream, whose length only its end tells; says before each read what was read so far.
class StreamReader : public AudioReader {
 public:
  explicit StreamReader(
      const Audio& audio, std::function<void(int64_t)> on_read = [](int64_t) {})
      : AudioReader({audio.sample_rate, audio.channels, -1, 1, false}, "stream"),
        audio_(audio),
        on_read_(std::move(on_read)) {}

 private:
  Audio next(int64_t frames) override {
    on_read_(position_);
    const int64_t count = std::min(frames, audio_.frames() - position_);
    position_ += count;
    return part_of(audio_, position_ - count, count);
  }

  const Audio& audio_;
  std::function<void(int64_t)> on_read_;
  int64_t position_ = 0;
};

Audio joined(const std::vector<Audio>& blocks) {
  Audio whole = blocks.at(0);
  for (size_t i = 1; i < blocks.size(); ++i) append(whole, blocks[i]);
  return whole;
}

const std::vector<std::pair<int, int>> kRates{{48000, 44100}, {11025, 8000}, {8000, 44100}, {8000, 8000}};
const std::vector<std::pair<int64_t, int64_t>> kTransforms{{128, 32}, {128, 64}, {128, 50}, {64, 60}};  // n_fft, hop

TEST(Resampler, BlocksGiveTheBitsOfTheWhole) {
  for (const auto& [from, to] : kRates)
    for (const int64_t block : {1, 37, 4096}) {
      const Audio audio = test::noise(from, 2, block == 1 ? 700 : 9001);
      Resampler resampler(from, to, 2);
      std::vector<Audio> blocks;
      for (int64_t at = 0; at < audio.frames(); at += block)
        blocks.push_back(resampler.process(part_of(audio, at, std::min(block, audio.frames() - at))));
      blocks.push_back(resampler.finish());
      EXPECT_TRUE(test::same_bits(joined(blocks).samples, resample(audio, to).samples)) << from << " " << block;
    }
}

TEST(MixtureSpectra, PiecesAreTheWholeSignalsSpectrum) {
  const SeparatorConfig config = test::small_separator();
  for (const int64_t samples : {68, 95, 96, 97, 128, 1000, 1024, 3001})
    for (const int64_t piece : {1, 5, 1000}) {
      const Audio audio = test::noise(8000, 2, samples);
      StreamReader reader(audio);
      MixtureSpectra spectra(reader, config, 2, Device::cpu);
      const NoGrad no_grad;
      const Tensor expected = Stft(128, 32, Device::cpu)(Var(Tensor::from(audio.samples, {2, samples}))).value();
      int64_t frame = 0;
      while (!spectra.ended()) {
        const Tensor part = spectra.next(piece).at(0);
        ASSERT_LE(frame + part.dim(0), expected.dim(0));
        EXPECT_TRUE(test::same_bits(part.to_vector(), expected.rows(frame, frame + part.dim(0)).to_vector()))
            << samples << " " << piece << " " << frame;
        frame += part.dim(0);
      }
      EXPECT_EQ(frame, expected.dim(0));
      EXPECT_EQ(spectra.samples(), samples);
      EXPECT_TRUE(spectra.next(1).empty());
    }
}

TEST(OverlapAdd, PiecesAreTheInverseOfAll) {
  for (const auto& [n_fft, hop] : kTransforms) {
    const Stft stft(n_fft, hop, Device::cpu);
    const int64_t length = 1003;
    const NoGrad no_grad;
    const Tensor spectrum = test::random_tensor({stft.frames(length), 2, stft.bins(), 2}, 4);
    const Tensor expected = stft.inverse(Var(spectrum), length).value();
    for (const int64_t piece : {1, 3, 1000}) {
      OverlapAdd inverse(n_fft, hop, Device::cpu);
      Audio whole{8000, 2, {}};
      for (int64_t frame = 0; frame < spectrum.dim(0); frame += piece) {
        const int64_t end = std::min(spectrum.dim(0), frame + piece);
        const Tensor part = inverse.push(spectrum.rows(frame, end), end == spectrum.dim(0) ? length : -1);
        append(whole, {8000, 2, part.to_vector()});
      }
      EXPECT_LT(test::relative_error(whole.samples, expected.to_vector()), tolerance::kValue) << hop << " " << piece;
    }
  }
}

constexpr double kRounding = 80;  // dB: float32 with another order of sums

Separator separator_of(bool unidirectional, const SeparatorOptions& options, Device device = Device::cpu) {
  NetworkConfig config = test::small_network();
  config.unidirectional = unidirectional;
  auto network = test::random_network("joint", config);
  network->to(device);
  return Separator(test::joint_set(std::move(network)), device, options);
}

SeparatorOptions options_of(int iterations, int64_t window = 300) {
  SeparatorOptions options;
  options.iterations = iterations;
  options.window = window;
  return options;
}

double least_agreement(const Separation& result, const Separation& expected) {
  double least = HUGE_VAL;
  for (size_t k = 0; k < expected.estimates.size(); ++k)
    least = std::min(least, sdr(expected.estimates[k].second, result.estimates[k].second));
  return least;
}

TEST(SeparationStream, WithoutIterationsWindowsDoNotMatter) {
  for (const int64_t frames : {1, 31, 32, 128, 777, 2000}) {
    const Audio mixture = test::noise(8000, 2, frames);
    const Separation expected = separator_of(false, options_of(0))(mixture);
    for (const int64_t window : {1, 7})
      EXPECT_GT(least_agreement(separator_of(false, options_of(0, window))(mixture), expected), kRounding) << frames;
  }
  // Negative control: with iterations they do.
  const Audio mixture = test::noise(8000, 2, 2000);
  EXPECT_LT(
      least_agreement(separator_of(false, options_of(1, 7))(mixture), separator_of(false, options_of(1))(mixture)), 60);
}

TEST(SeparationStream, SegmentsApproachTheWholeTrack) {
  const Audio mixture = test::noise(8000, 2, 24000);
  const Separation whole = separator_of(false, options_of(1))(mixture);
  const auto with_segment = [&](double seconds) {
    SeparatorOptions options = options_of(1);
    options.segment = seconds;
    return separator_of(false, options)(mixture);
  };
  EXPECT_TRUE(test::same_bits(with_segment(10).estimates[0].second.samples, whole.estimates[0].second.samples));
  // The random LSTM forgets within some frames: what is left is at the segments' ends.
  const double long_ones = least_agreement(with_segment(1.0), whole);
  EXPECT_GT(long_ones, 30);
  EXPECT_GT(long_ones, least_agreement(with_segment(0.05), whole) + 3);
  EXPECT_LT(long_ones, 120);
}

TEST(SeparationStream, AUnidirectionalModelStreams) {
  const Audio mixture = test::noise(11025, 2, 5000);
  SeparatorOptions live = options_of(0);
  live.live = true;
  const Separation offline = separator_of(true, options_of(0))(mixture);
  EXPECT_GT(least_agreement(separator_of(true, live)(mixture), offline), kRounding);

  // Against the network on the whole spectrum.
  const Separator separator = separator_of(true, live);
  const Audio own_rate = test::noise(8000, 2, 3001);
  const Separation result = separator(own_rate);
  const NoGrad no_grad;
  const Stft stft(128, 32, Device::cpu);
  const Tensor spectrum = stft(Var(Tensor::from(own_rate.samples, {1, 2, 3001}))).value();
  const Tensor masks = (*separator.models().models[0].network)(magnitude(Var(spectrum))).value();
  for (int64_t k = 0; k < 4; ++k) {
    const Tensor expected = stft.inverse(apply_mask(Var(masks[k]), spectrum), 3001).value();
    EXPECT_LT(test::relative_error(result.estimates[static_cast<size_t>(k)].second.samples, expected.to_vector()),
              tolerance::kValue);
  }
}

TEST(SeparationStream, LiveEstimatesFollowByTheLatencyThatIsStated) {
  SeparatorOptions options = options_of(0);
  options.live = true;
  const Separator separator = separator_of(true, options);
  EXPECT_DOUBLE_EQ(separator.latency(), 128.0 / 8000);
  const Audio mixture = test::noise(8000, 2, 2000);
  int64_t given = 0, reads = 0;
  const auto on_read = [&](int64_t position) {
    EXPECT_GE(given, position - 128);
    ++reads;
  };
  separator.separate([&] { return std::make_unique<StreamReader>(mixture, on_read); },
                     [&](const std::vector<Audio>& estimates) { given += estimates[0].frames(); });
  EXPECT_EQ(given, mixture.frames());
  EXPECT_GT(reads, mixture.frames() / 32 - 3);
}

TEST(SeparationStream, TheFiltersResidualCompletesTheMixture) {
  const Audio mixture = test::noise(8000, 2, 3000);
  SeparatorOptions options = options_of(1);
  options.residual = "rest";
  const Separation result = separator_of(false, options)(mixture);
  Audio sum = result.estimates[0].second;
  for (size_t k = 1; k < result.estimates.size(); ++k)
    for (size_t i = 0; i < sum.samples.size(); ++i) sum.samples[i] += result.estimates[k].second.samples[i];
  EXPECT_EQ(result.estimates.size(), 5u);
  EXPECT_GT(sdr(mixture, sum), 40);
}

TEST(SeparationStream, AggregatesAreSums) {
  const Audio mixture = test::noise(8000, 2, 3000);
  for (const int iterations : {0, 1}) {
    SeparatorOptions options = options_of(iterations);
    options.residual = "rest";
    const Separation plain = separator_of(false, options)(mixture);
    options.aggregate = {{"accompaniment", {"drums", "bass", "residual"}}, {"voice", {"vocals"}}};
    const Separator separator = separator_of(false, options);
    EXPECT_THAT(separator.sources(), ElementsAre("accompaniment", "voice"));
    const Separation sums = separator(mixture);
    Audio expected = plain.estimates[1].second;
    for (const size_t k : {size_t{2}, size_t{4}})
      for (size_t i = 0; i < expected.samples.size(); ++i) expected.samples[i] += plain.estimates[k].second.samples[i];
    EXPECT_LT(test::relative_error(sums.estimates[0].second.samples, expected.samples), tolerance::kValue);
    EXPECT_TRUE(test::same_bits(sums.estimates[1].second.samples, plain.estimates[0].second.samples));
  }
}

TEST(SeparationStream, OptionsThatDoNotFitAreRefused) {
  const auto refusal = [](bool unidirectional, const SeparatorOptions& options) {
    return error_of([&] { separator_of(unidirectional, options); });
  };
  SeparatorOptions live;
  live.live = true;
  EXPECT_THAT(refusal(false, live), HasSubstr("live: the model is bidirectional"));
  SeparatorOptions segment;
  segment.segment = 0.01;
  EXPECT_THAT(refusal(false, segment), HasSubstr("segment 0.01: give 0.03 seconds or more"));
  EXPECT_THAT(refusal(false, options_of(-1)), HasSubstr("niter -1"));
  EXPECT_THAT(refusal(false, options_of(1, 0)), HasSubstr("wiener-win-len 0"));
  SeparatorOptions aggregate;
  aggregate.aggregate = {{"all", {"vocals", "guitar"}}};
  EXPECT_THAT(refusal(false, aggregate), HasSubstr("'guitar', which is none of: vocals, drums, bass, other"));
  EXPECT_THAT(error_of([] {
                ModelSet set{"model", test::small_separator(), {}, {}};
                set.models.push_back({"vocals", {"vocals"}, test::constant_network({1.0f})});
                Separator(std::move(set), Device::cpu, options_of(1));
              }),
              HasSubstr("needs two sources or more; add a residual, or give niter 0"));
  EXPECT_THAT(error_of([] {
                ModelSet set{"model", test::small_separator(), {}, {}};
                for (int k = 0; k < 8; ++k) {
                  const std::string name = "source " + std::to_string(k);
                  set.models.push_back({name, {name}, test::constant_network({1.0f})});
                }
                SeparatorOptions options = options_of(1);
                options.residual = "rest";
                Separator(std::move(set), Device::cpu, options);
              }),
              HasSubstr("takes 8 sources at most, the residual included"));
  for (const char* text : {"", "[]", "{}", "{\"a\": 1}", "{\"a\": []}", "{\"a\": [1]}", "{\"\": [\"b\"]}", "{"})
    EXPECT_THAT(error_of([&] { parse_aggregate(text); }), HasSubstr("give JSON such as")) << text;
  EXPECT_EQ(parse_aggregate("{\"a\": [\"b\", \"c\"]}")[0].second.size(), 2u);
}

class SeparationStreamOn : public ::testing::TestWithParam<Device> {};

TEST_P(SeparationStreamOn, SegmentsAndCarriedStatesAreTheSameOnEveryDevice) {
  const Audio mixture = test::noise(8000, 2, 2500);
  for (const bool unidirectional : {false, true}) {
    SeparatorOptions options = options_of(1, 20);
    options.segment = 0.1;
    const Separation result = separator_of(unidirectional, options, GetParam())(mixture);
    const Separation expected = separator_of(unidirectional, options)(mixture);
    EXPECT_GT(least_agreement(result, expected), tolerance::kPeerDecibels);
  }
}

// 1,094 frames: three pieces of 512, the last a short one, and two of the LSTM's.
TEST_P(SeparationStreamOn, LongTracksAreTheSameOnEveryDevice) {
  const Audio mixture = test::noise(8000, 2, 35'001);
  const Separation result = separator_of(false, options_of(0), GetParam())(mixture);
  EXPECT_GT(least_agreement(result, separator_of(false, options_of(0))(mixture)), tolerance::kPeerDecibels);
}

INSTANTIATE_TEST_SUITE_P(Devices, SeparationStreamOn, ::testing::ValuesIn(test::devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace unmix
