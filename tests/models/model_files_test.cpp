#include "models/model_files.h"

#include "base/file.h"
#include "formats/safetensors.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"

namespace unmix {
namespace {

using test::error_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor masks_of(MaskNetwork& network) {
  const NoGrad no_grad;
  const NetworkConfig& c = network.config();
  return network(Var(test::random_tensor({5, 1, c.channels, c.bins}, 9, 0.0, 2.0))).value();
}

struct Form {
  const char* architecture;
  bool unidirectional;
  int layers;
  int64_t channels;
};

TEST(ModelFiles, CopiesAndHiddenFilesAreNoModels) {
  const TemporaryFolder folder;
  const auto network = test::random_network("single", test::small_network());
  test::write_model(folder.path(), *network, "vocals");
  test::write_model(folder.path(), *network, "bass (1)");  // without its original, which it replaces
  for (const char* name : {"vocals (1).safetensors", "vocals - Copy (2).safetensors", "vocals copy 2.pth"})
    std::filesystem::copy_file(folder / "vocals.safetensors", folder / name);
  for (const char* name : {"._vocals.safetensors", "._T.json", "._separator.json"})
    write_file(folder / name, "\x05\x16");
  const ModelSet set = load_models(folder.path(), {}, Device::cpu);
  EXPECT_THAT(set.sources(), ElementsAre("vocals", "bass (1)"));
  ASSERT_EQ(set.warnings.size(), 3u);
  EXPECT_THAT(set.warnings[0],
              HasSubstr("vocals (1).safetensors is ignored: a copy of vocals.safetensors by its name"));
}

TEST(ModelFiles, EveryShapeOfNetworkComesBack) {
  for (const Form& shape : {Form{"single", false, 3, 2}, Form{"single", true, 1, 2}, Form{"single", true, 2, 1},
                            Form{"joint", false, 2, 1}, Form{"joint", true, 3, 2}}) {
    const TemporaryFolder folder;
    NetworkConfig config = test::small_network(shape.channels);
    config.unidirectional = shape.unidirectional;
    config.layers = shape.layers;
    config.hidden = 6;
    const auto network = test::random_network(shape.architecture, config);
    const std::string target = shape.architecture == std::string("joint") ? "joint" : "drums";
    test::write_model(folder.path(), *network, target);
    const ModelSet set = load_models(folder.path(), {}, Device::cpu);
    ASSERT_EQ(set.models.size(), 1u);
    const NetworkConfig& read = set.models[0].network->config();
    EXPECT_EQ(set.models[0].target, target);
    EXPECT_EQ(
        std::tuple(read.bins, read.max_bin, read.channels, read.hidden, read.layers, read.unidirectional),
        std::tuple(config.bins, config.max_bin, config.channels, config.hidden, config.layers, config.unidirectional));
    EXPECT_FALSE(set.models[0].network->training());
    EXPECT_TRUE(test::same_bits(masks_of(*set.models[0].network).to_vector(), masks_of(*network).to_vector()));
    EXPECT_EQ(set.config.n_fft, 128);
    EXPECT_EQ(set.config.hop, 32);
    EXPECT_EQ(set.config.sample_rate, 8000);
    EXPECT_EQ(set.config.channels, shape.channels);
  }
}

TEST(ModelFiles, TargetsAreChosenByNameAndKeepTheirOrder) {
  const TemporaryFolder folder;
  const auto single = test::random_network("single", test::small_network());
  for (const char* target : {"speech", "other", "vocals", "bass"}) test::write_model(folder.path(), *single, target);
  EXPECT_THAT(load_models(folder.path(), {}, Device::cpu).sources(), ElementsAre("vocals", "bass", "other", "speech"));
  const ModelSet two = load_models(folder.path(), {"bass", "vocals", "bass"}, Device::cpu);
  EXPECT_THAT(two.sources(), ElementsAre("bass", "vocals"));
  EXPECT_EQ(two.models.size(), 2u);
  EXPECT_THAT(error_of([&] { load_models(folder.path(), {"drums"}, Device::cpu); }),
              HasSubstr("has no model for 'drums'; it has: vocals, bass, other, speech"));
}

TEST(ModelFiles, AJointModelGivesItsFourSources) {
  const TemporaryFolder folder;
  test::write_model(folder.path(), *test::random_network("joint", test::small_network()));
  for (const std::vector<std::string>& targets : {std::vector<std::string>{}, {"joint"}})
    EXPECT_THAT(load_models(folder.path(), targets, Device::cpu).sources(),
                ElementsAre("vocals", "drums", "bass", "other"));
  EXPECT_THAT(load_models(folder.path(), {"bass", "drums"}, Device::cpu).sources(), ElementsAre("bass", "drums"));

  test::write_model(folder.path(), *test::random_network("single", test::small_network()), "bass");
  EXPECT_THAT(error_of([&] { load_models(folder.path(), {}, Device::cpu); }),
              HasSubstr("both bass and joint give 'bass'; name the one to use"));
  const ModelSet set = load_models(folder.path(), {"bass"}, Device::cpu);
  ASSERT_EQ(set.models.size(), 1u);
  EXPECT_EQ(set.models[0].target, "bass");
}

TEST(ModelFiles, TensorsThatOldFilesHoldBesideAreIgnored) {
  const TemporaryFolder folder;
  const auto network = test::random_network("single", test::small_network());
  test::write_model(folder.path(), *network, "vocals");
  TensorFile file = read_safetensors(folder / "vocals.safetensors");
  for (const char* name : {"stft.window", "transform.0.window", "sample_rate", "bn1.num_batches_tracked"})
    file.tensors.emplace_back(name, Tensor::full({1}, 3.0f));
  write_safetensors(folder / "vocals.safetensors", file);
  const ModelSet set = load_models(folder.path(), {}, Device::cpu);
  EXPECT_TRUE(test::same_bits(masks_of(*set.models[0].network).to_vector(), masks_of(*network).to_vector()));
}

TEST(ModelFiles, TheRateMayBeWrittenAsOpenUnmixDoes) {
  const TemporaryFolder folder;
  write_file(folder / "separator.json", R"({"nfft": 4096, "nhop": 1024, "sample_rate": 44100.0, "nb_channels": 2})");
  EXPECT_EQ(read_separator_json(folder.path()).sample_rate, 44100);
}

class BadModel : public ::testing::Test {
 protected:
  BadModel() { test::write_model(folder.path(), *test::random_network("single", test::small_network()), "vocals"); }

  std::string load_error() {
    const std::string message = error_of([&] { load_models(folder.path(), {}, Device::cpu); });
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }

  // The error after a change of the weights' tensors.
  std::string error_after(const std::function<void(NamedTensors&)>& change) {
    TensorFile file = read_safetensors(folder / "vocals.safetensors");
    const TensorFile before = file;
    change(file.tensors);
    write_safetensors(folder / "vocals.safetensors", file);
    const std::string message = load_error();
    write_safetensors(folder / "vocals.safetensors", before);
    return message;
  }

  static void replace(NamedTensors& tensors, const std::string& name, const Shape& shape) {
    for (auto& [key, tensor] : tensors)
      if (key == name) tensor = Tensor::zeros(shape);
  }

  TemporaryFolder folder;
};

TEST_F(BadModel, MissingAndBrokenFilesAreNamed) {
  EXPECT_THAT(error_of([&] { load_models(folder / "none", {}, Device::cpu); }), HasSubstr("there is no such folder"));
  const std::string json = read_file(folder / "separator.json"), weights = read_file(folder / "vocals.safetensors");
  std::filesystem::remove(folder / "separator.json");
  EXPECT_THAT(load_error(), HasSubstr("separator.json: no such file"));
  write_file(folder / "separator.json", "{\"nfft\": 128");
  EXPECT_THAT(load_error(), HasSubstr("separator.json: the file is not a JSON object"));
  write_file(folder / "separator.json", R"({"nfft": 128, "nhop": 32, "sample_rate": 8000})");
  EXPECT_THAT(load_error(), HasSubstr("'nb_channels' is missing"));
  write_file(folder / "separator.json", R"({"nfft": 128.5, "nhop": 32, "sample_rate": 8000, "nb_channels": 2})");
  EXPECT_THAT(load_error(), HasSubstr("'nfft' is 128.5, not a whole number"));
  write_file(folder / "separator.json", R"({"nfft": 128, "nhop": 256, "sample_rate": 8000, "nb_channels": 2})");
  EXPECT_THAT(load_error(), HasSubstr("nfft 128 must be even and nhop 256 no larger than it"));
  write_file(folder / "separator.json", json);
  write_file(folder / "vocals.safetensors", weights.substr(0, weights.size() - 4));
  EXPECT_THAT(load_error(), HasSubstr("vocals.safetensors"));
  std::filesystem::remove(folder / "vocals.safetensors");
  EXPECT_THAT(load_error(), HasSubstr("holds no model: <target>.safetensors or <target>.pth is expected"));
  write_file(folder / "vocals.pth", "x");
  EXPECT_THAT(load_error(), HasSubstr("vocals.pth: it is not a file of torch.save"));
  write_file(folder / "vocals-0123abcd.pth", "x");
  EXPECT_THAT(load_error(), HasSubstr("are of one target: keep one of them"));
}

TEST_F(BadModel, SeparatorJsonMustFitTheWeights) {
  write_file(folder / "separator.json", R"({"nfft": 256, "nhop": 32, "sample_rate": 8000, "nb_channels": 2})");
  EXPECT_THAT(load_error(), HasSubstr("says nfft 256, which gives 129 bins, but vocals.safetensors has 65"));
  write_file(folder / "separator.json", R"({"nfft": 128, "nhop": 32, "sample_rate": 8000, "nb_channels": 1})");
  EXPECT_THAT(load_error(), HasSubstr("says nb_channels 1, but vocals.safetensors has 2"));
}

TEST_F(BadModel, OtherArchitecturesAndShapesAreSaid) {
  EXPECT_THAT(error_after([](NamedTensors& t) {
                t = {{"conv.weight", Tensor::zeros({2, 2})}};
              }),
              HasSubstr("is not a model of a known architecture: it has neither fc3.weight nor fc3_1 to fc3_4"));
  EXPECT_THAT(error_after([](NamedTensors& t) {
                std::erase_if(t, [](const auto& entry) { return entry.first.starts_with("lstm."); });
              }),
              HasSubstr("it has no tensor lstm.weight_ih_l0"));
  EXPECT_THAT(error_after([](NamedTensors& t) {
                std::erase_if(t, [](const auto& entry) { return entry.first == "bn2.running_var"; });
              }),
              HasSubstr("lacks the tensor bn2.running_var of shape [8]"));
  EXPECT_THAT(error_after([](NamedTensors& t) {
                replace(t, "fc2.weight", {8, 15});
              }),
              HasSubstr("tensor fc2.weight has shape [8, 15], where the other tensors want [8, 16]"));
  EXPECT_THAT(error_after([](NamedTensors& t) { replace(t, "bn1.bias", {7}); }),
              HasSubstr("tensor bn1.bias has shape [7], this model wants [8]"));
  EXPECT_THAT(error_after([](NamedTensors& t) { replace(t, "input_mean", {39}); }),
              HasSubstr("fc1.weight takes 80 inputs, no multiple of the 39 bins of input_mean"));
  EXPECT_THAT(error_after([](NamedTensors& t) {
                replace(t, "input_mean", {4, 10});
              }),
              HasSubstr("tensor input_mean has shape [4, 10], where 1 dimensions are expected"));
  // A claim of a huge network is refused before its memory is taken.
  EXPECT_THAT(error_after([](NamedTensors& t) {
                replace(t, "fc1.weight", {50000, 80});
              }),
              HasSubstr("where the other tensors want"));
  EXPECT_NO_THROW(load_models(folder.path(), {}, Device::cpu));
}

TEST(ModelRegistry, UnknownNamesAreRefused) {
  EXPECT_EQ(find_model("joint").heads.size(), find_model("joint").sources.size());
  EXPECT_THAT(error_of([] { find_model("demucs"); }), HasSubstr("there are: single, joint"));
}

}  // namespace
}  // namespace unmix
