// Weights from one format to another and back, by the library and by `unmix convert`.
#include "models/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "formats/pth.h"
#include "formats/weights_file.h"
#include "models/published.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/golden_file.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kGoldens = golden_path("checkpoints");

std::vector<float> masks_of(const ModelSet& set) {
  const NoGrad no_grad;
  MaskNetwork& network = *set.models.at(0).network;
  const NetworkConfig& c = network.config();
  return network(Var(random_tensor({5, 1, c.channels, c.bins}, 9, 0.0, 2.0))).value().to_vector();
}

ModelSet load(const fs::path& directory) { return load_models(directory, {}, Device::cpu); }

struct Form {
  const char *architecture, *target;
  bool unidirectional;
  int layers;
  int64_t channels;
};

TEST(Convert, DirectoriesOfEveryShapeOfNetworkGoThereAndBack) {
  for (const Form& form : {Form{"single", "vocals", false, 3, 2}, Form{"single", "drums", true, 1, 2},
                           Form{"single", "speech", true, 2, 1}, Form{"joint", "joint", false, 2, 1}}) {
    const TemporaryFolder folder;
    NetworkConfig config = small_network(form.channels);
    config.unidirectional = form.unidirectional;
    config.layers = form.layers;
    write_model(folder / "a", *random_network(form.architecture, config), form.target);
    const std::string target = form.target;
    const Conversion there = convert(folder / "a", folder / "b"), back = convert(folder / "b", folder / "c");
    EXPECT_THAT(there.written, ElementsAre(folder / "b" / (target + ".pth")));
    EXPECT_THAT(back.written, ElementsAre(folder / "c" / (target + ".safetensors")));
    // Open-Unmix's loader knows one shape.
    EXPECT_EQ(there.warnings.size(), form.layers == 3 ? 0u : 1u);
    const std::vector<float> expected = masks_of(load(folder / "a"));
    for (const char* name : {"b", "c"}) {
      const ModelSet set = load(folder / name);
      EXPECT_TRUE(same_bits(masks_of(set), expected)) << name;
      EXPECT_EQ(set.models[0].target, target);
      const NetworkConfig& read = set.models[0].network->config();
      EXPECT_EQ(std::tuple(read.unidirectional, read.layers, read.channels),
                std::tuple(form.unidirectional, form.layers, form.channels));
      const json args = json::parse(read_file(folder / name / (target + ".json"))).at("args");
      EXPECT_EQ(args, json({{"nfft", 128},
                            {"nhop", 32},
                            {"nb_channels", form.channels},
                            {"hidden_size", 8},
                            {"nb_layers", form.layers},
                            {"unidirectional", form.unidirectional}}));
      EXPECT_EQ(set.config.sample_rate, 8000);
    }
    EXPECT_NE(read_pth(folder / "b" / (target + ".pth")).find("bn1.num_batches_tracked"), nullptr);
  }
}

// A directory of Open-Unmix as PyTorch of 2019 wrote it, under the published name.
void make_original(const fs::path& directory, const std::string& name, const std::string& format) {
  fs::create_directories(directory);
  fs::copy_file(kGoldens / ("openunmix." + format + ".pth"), directory / (name + ".pth"));
  write_file(directory / "separator.json", R"({"nfft": 16, "nhop": 4, "sample_rate": 8000.0, "nb_channels": 2})");
}

TEST(Convert, OriginalDirectoriesAreModels) {
  for (const std::string format : {"zip", "stream"}) {
    const TemporaryFolder folder;
    make_original(folder / "a", "vocals-" + short_hash(kGoldens / ("openunmix." + format + ".pth")), format);
    write_file(folder / "a/vocals.json", R"({"epochs_trained": 7, "note": "NaN \" NaN", "best_loss": -Infinity,
                                             "args": {"nfft": 16, "hidden_size": 4}})");
    const ModelSet original = load(folder / "a");
    EXPECT_THAT(original.sources(), ElementsAre("vocals"));
    EXPECT_THAT(convert(folder / "a", folder / "b").written, ElementsAre(folder / "b/vocals.safetensors"));
    EXPECT_TRUE(same_bits(masks_of(load(folder / "b")), masks_of(original)));
    const TensorFile file = read_weights(folder / "b/vocals.safetensors");
    for (const char* unused : {"stft.window", "transform.0.window", "sample_rate"})
      EXPECT_EQ(file.find(unused), nullptr);
    EXPECT_EQ(file.find("bn1.num_batches_tracked")->item(), 1234.0f);
    const json description = json::parse(read_file(folder / "b/vocals.json"));
    EXPECT_EQ(description.at("epochs_trained"), 7);
    EXPECT_EQ(description.at("note"), "NaN \" NaN");
    EXPECT_TRUE(description.at("best_loss").is_null());
    EXPECT_EQ(description.at("args").at("nb_channels"), 2);
  }
}

TEST(Convert, ADirectoryMayBecomeItsOwn) {
  const TemporaryFolder folder;
  make_original(folder / "a", "vocals", "zip");
  convert(folder / "a", folder / "a");
  EXPECT_TRUE(fs::exists(folder / "a/vocals.safetensors"));
  EXPECT_EQ(load(folder / "a").models.size(), 1u);  // the .safetensors alone
  const fs::path c = folder / "c";
  convert(folder / "a", c);
  EXPECT_TRUE(fs::exists(c / "vocals.pth"));
  EXPECT_THAT(error_of([&] { convert(folder / "a", folder / "a"); }),
              HasSubstr("vocals.safetensors, which would be read instead of vocals.pth"));
}

TEST(Convert, FilesKeepAllTheirTensors) {
  const TemporaryFolder folder;
  const TensorFile original = read_weights(kGoldens / "openunmix.stream.pth");
  EXPECT_THAT(convert(kGoldens / "openunmix.stream.pth", folder / "a.safetensors").warnings, IsEmpty());
  convert(folder / "a.safetensors", folder / "b.pth");
  convert(kGoldens / "openunmix.stream.pth", folder / "c.pth");
  for (const char* name : {"a.safetensors", "b.pth", "c.pth"}) {
    const TensorFile file = read_weights(folder / name);
    ASSERT_EQ(file.tensors.size(), original.tensors.size()) << name;
    for (size_t i = 0; i < file.tensors.size(); ++i) {
      EXPECT_EQ(file.tensors[i].first, original.tensors[i].first);
      EXPECT_TRUE(same_bits(file.tensors[i].second.to_vector(), original.tensors[i].second.to_vector()));
    }
  }
  EXPECT_EQ(read_file(folder / "b.pth"), read_file(folder / "c.pth"));
}

TEST(Convert, WhatCannotBeConvertedIsSaid) {
  const TemporaryFolder folder;
  make_original(folder / "a", "vocals", "zip");
  const auto error = [&](const fs::path& from, const fs::path& to) { return error_of([&] { convert(from, to); }); };
  const fs::path file = folder / "a/vocals.pth";
  EXPECT_THAT(error(folder / "none.pth", folder / "b.pth"), HasSubstr("none.pth: no such file"));
  EXPECT_THAT(error(file, folder / "b.bin"), HasSubstr("converted to a file, .pth, .safetensors or .onnx, not to"));
  EXPECT_THAT(error(file, folder / "a"), HasSubstr("converted to a file"));
  EXPECT_THAT(error(folder / "a", folder / "b.pth"),
              HasSubstr("is a directory: it is converted to a directory or a file .onnx"));
  EXPECT_THAT(error(file, folder / "none/b.pth"), HasSubstr("is not an existing folder"));
  write_file(folder / "a/vocals.json", R"({"args": {"nhop": 8}})");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("vocals.json says nhop 8, but separator.json says 4: one"));
  write_file(folder / "a/vocals.json", R"({"args": {"hidden_size": 512}})");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("vocals.json says hidden_size 512, but vocals.pth has 4"));
  write_file(folder / "a/vocals.json", R"({"args": 3})");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("vocals.json: 'args' is not an object"));
  write_file(folder / "a/vocals.json", std::string(100'000, '['));
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("vocals.json: the JSON in it is nested too deeply"));
  fs::remove(folder / "a/vocals.json");
  write_file(folder / "a/separator.json", R"({"nfft": [[1]], "nhop": 4, "sample_rate": 8000, "nb_channels": 2})");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("'nfft' is array, not a whole number"));
  write_file(folder / "a/separator.json", R"({"nfft": 32, "nhop": 4, "sample_rate": 8000, "nb_channels": 2})");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("says nfft 32, which gives 17 bins, but vocals.pth has 9"));
  fs::remove(folder / "a/separator.json");
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("separator.json: no such file; it tells nfft"));
  EXPECT_THAT(error(folder / "a", folder / "a.onnx"), HasSubstr("a NEW_DIRECTORY` writes it"));
  write_safetensors(folder / "a/drums.safetensors", {});
  EXPECT_THAT(error(folder / "a", folder / "b"), HasSubstr("are of two formats; convert them one by one"));
  EXPECT_FALSE(fs::exists(folder / "b"));
}

TEST(ConvertProgram, ConvertsAndSaysWhatItWrote) {
  const TemporaryFolder folder;
  make_original(folder / "a", "vocals", "stream");
  const auto run = [&](const std::string& from, const std::string& to, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"convert", from, to};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, folder.path());
  };
  const ProgramResult directory = run("a", "b");
  EXPECT_EQ(directory.exit_code, 0) << directory.errors;
  EXPECT_EQ(directory.output, "b/vocals.safetensors\n");
  EXPECT_EQ(json::parse(run("b/vocals.safetensors", "v.pth", {"--json"}).output).at("written"), json({"v.pth"}));
  expect_error(run("a", "b.pth"), 2, "is a directory");
  expect_error(run("none", "b.pth"), 1, "none: no such file");
  expect_error(run((kGoldens / "system.zip.pth").string(), "b.pth"), 1, "posix.system is not a tensor: refused");
}

}  // namespace
}  // namespace unmix::test
