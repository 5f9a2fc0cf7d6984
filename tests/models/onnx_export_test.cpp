// .onnx files: what is in them, that they compute what the network computes, and that these checks can fail.
#include "models/onnx_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "models/convert.h"
#include "tests/models/onnx_reader.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/program.h"
#include "tests/support/small_models.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Of the network in float32 against the file in double: some roundings of 6e-8. The wrong files below differ 100 times
// as much.
constexpr double kTolerance = 5e-6;

constexpr int64_t kBatch = 3, kFrames = 7;

OnnxModel read_onnx(const fs::path& path) { return parse_onnx(read_file(path)); }

// A network whose every layer matters for the result: with first weights, masks are little but their last bias.
std::unique_ptr<MaskNetwork> lively_network(const char* architecture, const NetworkConfig& config, uint64_t seed = 1) {
  auto network = random_network(architecture, config, seed);
  for (auto [name, tensor] : network->state())
    if (tensor.rank() == 2)
      for (int64_t i = 0; i < tensor.size(); ++i) tensor.data()[i] *= 4.0f;
  return network;
}

// Magnitudes (frames, batch, channels, bins), and the same as the file takes them: (batch, channels, bins, frames).
Tensor magnitudes(const SeparatorConfig& config) {
  return random_tensor({kFrames, kBatch, config.channels, config.n_fft / 2 + 1}, 9, 0.0, 2.0);
}

OnnxValue frames_last(const Tensor& x) {
  const int64_t frames = x.dim(0), rows = x.size() / frames;
  OnnxValue y{{x.dim(1), x.dim(2), x.dim(3), frames}, {}};
  for (int64_t i = 0; i < x.size(); ++i) y.data.push_back(double{x.data()[i % frames * rows + i / frames]});
  return y;
}

// Largest difference between the file's outputs and the networks' estimates, relative to the largest estimate.
double difference(const OnnxModel& file, const ModelSet& set) {
  const NoGrad no_grad;
  const Tensor x = magnitudes(set.config);
  const auto outputs = run_onnx(file, {{"mixture", frames_last(x)}});
  double worst = 0, largest = 0;
  for (const LoadedModel& model : set.models) {
    const Tensor masks = (*model.network)(Var(x)).value();
    for (size_t head = 0; head < model.sources.size(); ++head) {
      Tensor estimate = Tensor::empty(x.shape());
      for (int64_t i = 0; i < x.size(); ++i)
        estimate.data()[i] = masks[static_cast<int64_t>(head)].data()[i] * x.data()[i];
      const OnnxValue expected = frames_last(estimate), &actual = outputs.at(model.sources[head]);
      if (actual.shape != expected.shape) return HUGE_VAL;
      for (size_t i = 0; i < expected.data.size(); ++i) {
        worst = std::max(worst, std::abs(actual.data[i] - expected.data[i]));
        largest = std::max(largest, expected.data[i]);
      }
    }
  }
  return worst / largest;
}

struct Form {
  const char* architecture;
  bool unidirectional;
  int layers;
  int64_t channels, max_bin;
};

TEST(OnnxExport, FilesComputeWhatTheNetworksDo) {
  for (const Form& form : {Form{"single", false, 3, 2, 40}, Form{"single", true, 2, 1, 65},
                           Form{"joint", false, 1, 2, 40}, Form{"joint", true, 2, 1, 65}}) {
    const TemporaryFolder folder;
    NetworkConfig config = small_network(form.channels);
    config.unidirectional = form.unidirectional;
    config.layers = form.layers;
    config.max_bin = form.max_bin;
    const bool joint = form.architecture == std::string("joint");
    write_model(folder.path(), *lively_network(form.architecture, config), joint ? "joint" : "vocals");
    convert(folder.path(), folder / "model.onnx");
    EXPECT_LT(difference(read_onnx(folder / "model.onnx"), load_models(folder.path(), {}, Device::cpu)), kTolerance)
        << form.architecture << " " << form.layers;
  }
}

TEST(OnnxExport, ADirectoryOfTargetsIsOneFile) {
  const TemporaryFolder folder;
  for (const char* target : {"vocals", "drums"})
    write_model(folder.path(), *lively_network("single", small_network(), static_cast<uint64_t>(target[0])), target);
  EXPECT_THAT(convert(folder.path(), folder / "both.onnx").written, ElementsAre(folder / "both.onnx"));
  const ModelSet set = load_models(folder.path(), {}, Device::cpu);
  const OnnxModel both = read_onnx(folder / "both.onnx");
  EXPECT_LT(difference(both, set), kTolerance);
  const OnnxAxes axes{"batch", "2", "65", "frames"};
  EXPECT_THAT(both.inputs, ElementsAre(Pair("mixture", axes)));
  EXPECT_THAT(both.outputs, ElementsAre(Pair("drums", axes), Pair("vocals", axes)));
  EXPECT_EQ(both.ir_version, 8);
  EXPECT_EQ(both.operator_set, 17);
  EXPECT_THAT(both.metadata, ElementsAre(Pair("nb_channels", "2"), Pair("nfft", "128"), Pair("nhop", "32"),
                                         Pair("sample_rate", "8000")));
  const Tensor weight = set.models[1].network->state().at(4).second;
  ASSERT_EQ(set.models[1].network->state().at(4).first, "fc1.weight");
  EXPECT_EQ(both.constants.at("drums.fc1.weight").shape, weight.shape());

  convert(folder / "drums.safetensors", folder / "drums.onnx");
  EXPECT_THAT(read_onnx(folder / "drums.onnx").outputs, ElementsAre(Pair("drums", axes)));
  EXPECT_EQ(difference(read_onnx(folder / "drums.onnx"), load_models(folder.path(), {"drums"}, Device::cpu)),
            difference(both, load_models(folder.path(), {"drums"}, Device::cpu)));
}

// ONNX's order of gates, next to PyTorch's: a file with two of them exchanged, or a node too early, is noticed.
TEST(OnnxExport, WrongFilesAreNoticed) {
  const TemporaryFolder folder;
  write_model(folder.path(), *lively_network("single", small_network()), "vocals");
  convert(folder.path(), folder / "model.onnx");
  const ModelSet set = load_models(folder.path(), {}, Device::cpu);
  const OnnxModel good = read_onnx(folder / "model.onnx");
  OnnxModel exchanged = good;
  OnnxValue& weight = exchanged.constants.at("vocals.lstm.weight_ih_l0");
  const size_t gate = weight.data.size() / 8;  // two directions of four
  std::swap_ranges(weight.data.begin(), weight.data.begin() + static_cast<std::ptrdiff_t>(gate),
                   weight.data.begin() + static_cast<std::ptrdiff_t>(gate));
  EXPECT_GT(difference(exchanged, set), 100 * kTolerance);
  OnnxModel other_epsilon = good;
  for (OnnxNode& node : other_epsilon.nodes)
    if (node.type == "BatchNormalization") node.reals["epsilon"] = 1e-3f;
  EXPECT_GT(difference(other_epsilon, set), 100 * kTolerance);
  OnnxModel disordered = good;
  std::swap(disordered.nodes.at(3), disordered.nodes.at(4));
  EXPECT_THROW(difference(disordered, set), std::runtime_error);
  const std::string bytes = read_file(folder / "model.onnx");
  EXPECT_THROW(parse_onnx(bytes.substr(0, bytes.size() - 1)), std::runtime_error);
}

TEST(OnnxExport, WhatCannotBeExportedIsSaid) {
  const TemporaryFolder folder;
  const auto error = [&](const fs::path& from, const fs::path& to) { return error_of([&] { convert(from, to); }); };
  EXPECT_THAT(error(folder / "none", folder / "a.onnx"), HasSubstr("none: no such file"));
  EXPECT_THAT(error(folder.path(), folder / "a.onnx"), HasSubstr("holds no model"));
  const auto network = random_network("single", small_network());
  write_model(folder.path(), *network, "vocals");
  EXPECT_THAT(error(folder.path(), folder / "none/a.onnx"), HasSubstr("is not an existing folder"));
  for (const auto& [name, tensor] : network->state())
    if (name == "fc2.weight") Tensor(tensor).data()[0] = NAN;
  write_model(folder.path(), *network, "vocals");
  EXPECT_THAT(error(folder.path(), folder / "a.onnx"), HasSubstr("fc2.weight has values that are not finite"));
  EXPECT_FALSE(fs::exists(folder / "a.onnx"));
}

TEST(OnnxProgram, ConvertsToOnnx) {
  const TemporaryFolder folder;
  write_model(folder / "a", *random_network("joint", small_network()));
  const ProgramResult result = run_program({"convert", "a", "a.onnx"}, folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(result.output, "a.onnx\n");
  EXPECT_EQ(read_onnx(folder / "a.onnx").outputs.size(), 4u);
  write_model(folder / "a", *random_network("single", small_network()), "bass");
  expect_error(run_program({"convert", "a", "b.onnx"}, folder.path()), 2, "both bass and joint give 'bass'");
  EXPECT_TRUE(succeeded(run_program({"convert", "joint.safetensors", "b.onnx"}, folder / "a")));
}

}  // namespace
}  // namespace unmix::test
