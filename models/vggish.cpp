#include "models/vggish.h"

#include <cmath>

#include "base/error.h"
#include "formats/weights_file.h"
#include "layers/activation.h"
#include "models/vggish_input.h"

namespace unmix {
namespace {

// Index of the layer in the PyTorch port, which counts ReLUs and pools too; widths in units of the first.
struct Convolution {
  int index, in, out;
  bool ends_block;
};
constexpr Convolution kConvolutions[] = {{0, 0, 1, true}, {3, 1, 2, true},   {6, 2, 4, false},
                                         {8, 4, 4, true}, {11, 4, 8, false}, {13, 8, 8, true}};
constexpr int kLinearIndices[] = {0, 2, 4};

NamedTensors read_vggish_weights(const std::filesystem::path& path) { return read_weights(path).tensors; }

// From the layers' own initialisation, within 1 / sqrt(fan in).
void widen(const NamedVars& parameters) {
  for (const auto& [name, parameter] : parameters) {
    Tensor values = parameter.value();
    const float factor = name.ends_with(".bias") ? 0.0f : std::sqrt(6.0f);
    for (int64_t i = 0; i < values.size(); ++i) values.data()[i] *= factor;
  }
}

}  // namespace

Vggish::Vggish(const VggishConfig& config) : config_(config) {
  const int64_t width = config.width;
  check(width >= 1, "vggish", "{} channels: a network needs one or more", width);
  Initializer init(config.seed);
  for (const Convolution& c : kConvolutions) {
    const int64_t in = c.in == 0 ? 1 : c.in * width;
    convolutions_.push_back(
        std::make_unique<Conv2d>(Conv2dOptions{.in = in, .out = c.out * width, .kernel = 3, .padding = 1}, init));
    add_child(fmt::format("features.{}", c.index), convolutions_.back().get());
  }
  const int64_t flat = 8 * width * (kVggishFrames / 16) * (kVggishBands / 16);
  const int64_t sizes[] = {flat, 64 * width, 64 * width, 2 * width};
  for (size_t i = 0; config.embeddings && i < std::size(kLinearIndices); ++i) {
    linears_.push_back(std::make_unique<Linear>(LinearOptions{.in = sizes[i], .out = sizes[i + 1]}, init));
    add_child(fmt::format("embeddings.{}", kLinearIndices[i]), linears_.back().get());
  }
  widen(parameters());
  freeze();
}

void Vggish::load_weights(const NamedTensors& weights, const std::string& source) {
  load_state(weights, source, /*ignore_unknown=*/true);
  random_ = false;
}

std::vector<Var> Vggish::features(const Var& patches) const {
  const Shape& shape = patches.shape();
  check(shape.size() == 4 && shape[1] == 1 && shape[2] == kVggishFrames && shape[3] == kVggishBands, "vggish",
        "patches {} are not (patches, 1, {}, {})", to_string(shape), kVggishFrames, kVggishBands);
  std::vector<Var> outputs;
  Var x = patches;
  for (size_t i = 0; i < convolutions_.size(); ++i) {
    x = relu((*convolutions_[i])(x));
    if (!kConvolutions[i].ends_block) continue;
    outputs.push_back(x);
    if (i + 1 < convolutions_.size()) x = MaxPool2d{2}(x);
  }
  return outputs;
}

Var Vggish::embedding(const Var& patches) const {
  check(!linears_.empty(), "vggish", "this network was made without its linear layers");
  const Var pooled = MaxPool2d{2}(features(patches).back());
  Var x = reshape(permute(pooled, {0, 2, 3, 1}), {patches.dim(0), -1});
  for (const auto& layer : linears_) x = relu((*layer)(x));
  return x;
}

std::unique_ptr<Vggish> make_vggish(const VggishConfig& config, const std::filesystem::path& weights, Device device) {
  auto network = std::make_unique<Vggish>(config);
  if (!weights.empty()) network->load_weights(read_vggish_weights(weights), weights.string());
  network->to(device);
  return network;
}

}  // namespace unmix
