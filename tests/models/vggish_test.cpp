// VGGish and its input against the package torchvggish; weights from files, bad ones too.
#include "models/vggish.h"

#include <algorithm>
#include <cmath>

#include "formats/safetensors.h"
#include "models/vggish_input.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/tensor_helpers.h"
#include "tests/support/tolerances.h"
#include "tests/support/vggish_helpers.h"

namespace unmix::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Tensor every(const Tensor& x, size_t stride) {
  const std::vector<float> all = x.to_vector();
  std::vector<float> some;
  for (size_t i = 0; i < all.size(); i += stride) some.push_back(all[i]);
  return Tensor::from(some, {static_cast<int64_t>(some.size())});
}

class VggishOn : public ::testing::TestWithParam<Device> {
 protected:
  Device device() const { return GetParam(); }
  double network_tolerance() const { return device() == Device::cpu ? tolerance::kVggish : tolerance::kDevicesLibrary; }
  const GoldenFile golden{"vggish"};
};

INSTANTIATE_TEST_SUITE_P(Devices, VggishOn, ::testing::ValuesIn(devices_present()),
                         [](const auto& info) { return std::string(name(info.param)); });

// ---- input --------------------------------------------------------------------------------------------------------

// sum(hash(200, i) x), whose gradient the goldens hold.
Var weighted_sum(const Var& x) { return sum(mul(x, Var(hashed(200, x.shape(), 1.0, 0.0, x.device())))); }

TEST_P(VggishOn, LogMelIsThePublishedOne) {
  const Var signal(golden.tensor("input.signal", device()).reshape({1, -1}), true);
  const Var patches = vggish_patches(signal);
  EXPECT_LT(golden_error(patches.value(), golden.tensor("input.log_mel")), tolerance::kVggish);
  weighted_sum(patches).backward();
  EXPECT_LT(golden_error(every(signal.grad(), 5), golden.tensor("input.grad")), tolerance::kVggish);
}

// Negative controls: a signal one sample late, and one a thousandth louder.
TEST_P(VggishOn, AnotherLogMelIsNoticed) {
  const Tensor signal = golden.tensor("input.signal", device()).reshape({1, -1});
  const Tensor expected = golden.tensor("input.log_mel");
  EXPECT_GT(golden_error(vggish_patches(pad(Var(signal), 1, 1, 0)).value(), expected), 2 * tolerance::kVggish);
  EXPECT_GT(golden_error(vggish_patches(scale(Var(signal), 1.001f)).value(), expected), 2 * tolerance::kVggish);
}

TEST_P(VggishOn, MagnitudesOfAnotherStftAreMapped) {
  std::vector<float> values = hashed(201, {100, 2, 65}, 8.0).to_vector();
  for (float& value : values) value = std::fabs(value);
  const Var magnitudes(Tensor::from(values, {100, 2, 65}, device()), true);
  const Var patches = vggish_patches_of_magnitudes(magnitudes, 44100);
  EXPECT_EQ(patches.shape(), (Shape{2, 1, 96, 64}));
  EXPECT_LT(golden_error(every(patches.value(), 5), golden.tensor("magnitudes.log_mel")), tolerance::kVggish);
  weighted_sum(patches).backward();
  EXPECT_LT(golden_error(every(magnitudes.grad(), 5), golden.tensor("magnitudes.grad")), tolerance::kVggish);
}

TEST_P(VggishOn, SignalsAndTheirPatchesKeepTheirOrder) {
  const int64_t patch = 96 * 160, samples = 2 * patch + 300;
  const Tensor signals = random_tensor({2, samples}, 3, -0.5, 0.5, device());
  const Tensor all = vggish_patches(Var(signals)).value();
  ASSERT_EQ(all.shape(), (Shape{4, 1, 96, 64}));
  for (int64_t signal = 0; signal < 2; ++signal)
    for (int64_t i = 0; i < 2; ++i) {
      const Var part = slice(Var(signals.rows(signal, signal + 1)), 1, i * patch, samples);
      EXPECT_LT(golden_error(all.rows(2 * signal + i, 2 * signal + i + 1), vggish_patches(part).value().rows(0, 1)),
                tolerance::kValue);
    }
}

TEST_P(VggishOn, AShortSignalIsFilledUpWithZeros) {
  const Tensor shorter = random_tensor({1, 5000}, 4, -0.5, 0.5, device());
  const Tensor patches = vggish_patches(Var(shorter)).value();
  ASSERT_EQ(patches.shape(), (Shape{1, 1, 96, 64}));
  EXPECT_TRUE(same_bits(patches.to_vector(), vggish_patches(pad(Var(shorter), 1, 0, 20000)).value().to_vector()));
  // From the first frame past its end on, the logarithm of the offset.
  const float silence = patches.to_vector()[(5000 / 160 + 1) * 64];
  EXPECT_NEAR(silence, std::log(0.01), 1e-6);
  EXPECT_GT(patches.to_vector()[0], -4.0f);
  const Tensor few = vggish_patches_of_magnitudes(Var(random_tensor({3, 1, 65}, 5, 0.0, 9.0, device())), 44100).value();
  ASSERT_EQ(few.shape(), (Shape{1, 1, 96, 64}));
  EXPECT_NEAR(few.to_vector()[3 * 64], std::log(0.01), 1e-6);
}

TEST_P(VggishOn, SilenceHasAFiniteGradient) {
  const Var silence(Tensor::zeros({1, 16000}, device()), true);
  sum(vggish_patches(silence)).backward();
  for (const float value : silence.grad().to_vector()) ASSERT_EQ(value, 0.0f);
}

TEST(VggishInput, PatchesAreCountedAsPublished) {
  EXPECT_EQ(vggish_patch_count(1), 1);
  EXPECT_EQ(vggish_patch_count(95 * 160 + 400), 1);
  EXPECT_EQ(vggish_patch_count(191 * 160 + 399), 1);
  EXPECT_EQ(vggish_patch_count(191 * 160 + 400), 2);
  EXPECT_EQ(vggish_patch_count(6 * 16000), 6);
}

TEST(VggishInput, RefusesOtherShapes) {
  EXPECT_THAT(error_of([] { vggish_patches(Var(Tensor::zeros({3}))); }), HasSubstr("[3] is not (signals, samples)"));
  EXPECT_THAT(error_of([] { vggish_patches_of_magnitudes(Var(Tensor::zeros({3, 4})), 44100); }), HasSubstr("[3, 4]"));
}

// ---- network ------------------------------------------------------------------------------------------------------

constexpr const char* kLayers[] = {"conv1", "conv2", "conv3_2", "conv4_2"};

Tensor golden_patches(Device device) { return hashed(210, {2, 1, 96, 64}, 6.0, -1.5, device); }

TEST_P(VggishOn, NetworkIsThePyTorchPort) {
  const auto network = hashed_vggish(device(), true);
  const std::vector<Var> features = network->features(Var(golden_patches(device()).rows(0, 1)));
  ASSERT_EQ(features.size(), 4u);
  for (size_t j = 0; j < 4; ++j)
    EXPECT_LT(golden_error(features[j].value(), golden.tensor(std::string("network.") + kLayers[j])),
              network_tolerance())
        << kLayers[j];
  EXPECT_LT(golden_error(network->embedding(Var(golden_patches(device()))).value(), golden.tensor("network.embedding")),
            network_tolerance());
}

// Negative control: columns of embeddings.0 in the order that a flattening by (channel, time, band) would want.
TEST_P(VggishOn, AnotherOrderOfFlatteningIsNoticed) {
  const VggishConfig config{.embeddings = true, .width = kNarrow};
  NamedTensors weights = hashed_weights(config);
  const auto first = std::find_if(weights.begin(), weights.end(),
                                  [](const auto& entry) { return entry.first == "embeddings.0.weight"; });
  ASSERT_NE(first, weights.end());
  const Shape shape = first->second.shape();
  first->second =
      permute(Var(first->second.reshape({shape[0], 8 * kNarrow, 6, 4})), {0, 2, 3, 1}).value().reshape(shape);
  Vggish network(config);
  network.load_weights(weights, "formula");
  network.to(device());
  EXPECT_GT(golden_error(network.embedding(Var(golden_patches(device()))).value(), golden.tensor("network.embedding")),
            0.01);
}

TEST(Vggish, FullSizeIsThePyTorchPort) {
  const GoldenFile golden("vggish");
  const auto network = hashed_vggish(Device::cpu, true, 64);
  int64_t parameters = 0;
  for (const auto& [name, value] : network->state()) parameters += value.size();
  EXPECT_EQ(parameters, 72141184);
  EXPECT_EQ(parameters, golden.options("full")["parameters"].get<int64_t>());
  const std::vector<Var> features = network->features(Var(golden_patches(Device::cpu).rows(0, 1)));
  for (size_t j = 0; j < 4; ++j)
    EXPECT_LT(golden_error(every(features[j].value(), 997), golden.tensor(std::string("full.") + kLayers[j])),
              tolerance::kVggish)
        << kLayers[j];
  EXPECT_LT(golden_error(network->embedding(Var(golden_patches(Device::cpu))).value(), golden.tensor("full.embedding")),
            tolerance::kVggish);
}

TEST(Vggish, IsFrozenAndRandomUntilWeightsAreLoaded) {
  Vggish network({.width = kNarrow});
  EXPECT_TRUE(network.random());
  EXPECT_STREQ(network.description(), "random VGGish features");
  for (const auto& [name, parameter] : network.parameters()) EXPECT_FALSE(parameter.requires_grad()) << name;
  EXPECT_FALSE(network.features(Var(golden_patches(Device::cpu)))[3].requires_grad());
  network.load_weights(hashed_weights({.width = kNarrow}), "formula");
  EXPECT_FALSE(network.random());
  EXPECT_STREQ(network.description(), "VGGish features");
}

TEST(Vggish, RandomWeightsComeFromTheSeedAndKeepTheSizeOfValues) {
  const auto last = [](uint64_t seed, bool embeddings) {
    const Vggish network({.embeddings = embeddings, .width = 16, .seed = seed});
    return network.features(Var(golden_patches(Device::cpu))).back().value().to_vector();
  };
  const std::vector<float> values = last(1, false);
  EXPECT_TRUE(same_bits(values, last(1, true)));
  EXPECT_FALSE(same_bits(values, last(2, false)));
  double squares = 0.0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const double rms = std::sqrt(squares / static_cast<double>(values.size()));
  EXPECT_GT(rms, 0.3);
  EXPECT_LT(rms, 10.0);
}

TEST(Vggish, RefusesWhatItCannotSee) {
  const Vggish network({.width = kNarrow});
  EXPECT_THAT(error_of([&] { network.features(Var(Tensor::zeros({1, 1, 64, 96}))); }), HasSubstr("[1, 1, 64, 96]"));
  EXPECT_THAT(error_of([&] { network.embedding(Var(Tensor::zeros({1, 1, 96, 64}))); }), HasSubstr("linear layers"));
  EXPECT_THAT(error_of([] { choose("vggish-frontend", "mel", vggish_frontend_names); }),
              AllOf(HasSubstr("vggish-frontend mel"), HasSubstr("waveform, spectrogram")));
}

// ---- weights from files -------------------------------------------------------------------------------------------

class VggishWeights : public ::testing::Test {
 protected:
  std::filesystem::path write(const NamedTensors& weights) {
    const auto path = folder_ / "vggish.safetensors";
    write_safetensors(path, {weights, {}});
    return path;
  }
  std::string error_with(const NamedTensors& weights) {
    const auto path = write(weights);
    return error_of([&] { make_vggish(config_, path, Device::cpu); });
  }

  const VggishConfig config_{.width = kNarrow};
  const TemporaryFolder folder_;
};

TEST_F(VggishWeights, ComeFromAFileWhoseEmbeddingsAreLeftOut) {
  const auto path = write(hashed_weights({.embeddings = true, .width = kNarrow}));
  const auto network = make_vggish(config_, path, Device::cpu);
  EXPECT_FALSE(network->random());
  EXPECT_EQ(network->state().size(), 12u);
  const Var patches(golden_patches(Device::cpu));
  EXPECT_TRUE(same_bits(network->features(patches)[3].value().to_vector(),
                        hashed_vggish(Device::cpu)->features(patches)[3].value().to_vector()));
  EXPECT_TRUE(make_vggish(config_, {}, Device::cpu)->random());
}

TEST_F(VggishWeights, MissingOnesAreNamed) {
  NamedTensors weights = hashed_weights(config_);
  weights.erase(weights.begin() + 6);
  EXPECT_THAT(error_with(weights), AllOf(HasSubstr("vggish.safetensors lacks the tensor features.8.weight of shape"),
                                         HasSubstr("[8, 8, 3, 3]")));
}

TEST_F(VggishWeights, MisshapenOnesAreNamed) {
  NamedTensors weights = hashed_weights(config_);
  weights[2].second = weights[2].second.reshape({2, 4, 3, 3});
  EXPECT_THAT(error_with(weights),
              AllOf(HasSubstr("features.3.weight has shape [2, 4, 3, 3]"), HasSubstr("wants [4, 2, 3, 3]")));
  EXPECT_THAT(error_with(hashed_weights({.width = 4})), HasSubstr("features.0.weight has shape [4, 1, 3, 3]"));
}

TEST_F(VggishWeights, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(error_of([&] { make_vggish(config_, folder_ / "none.safetensors", Device::cpu); }),
              HasSubstr("none.safetensors"));
}

}  // namespace
}  // namespace unmix::test
