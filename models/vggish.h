// VGGish (Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017), frozen, as features
// for losses. x (patches, 1, 96, 64), see vggish_input.h; every convolution 3x3 with padding 1, then ReLU:
//   conv1 64 | pool, conv2 128 | pool, conv3_1 256, conv3_2 256 | pool, conv4_1 512, conv4_2 512 | pool, flatten 12288
//   in (time, band, channel) order, 4096, 4096, 128, ReLU after each; pool: the largest of 2x2
// 72,141,184 parameters with the names of the PyTorch port torchvggish: features.{0,3,6,8,11,13}, embeddings.{0,2,4}.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/choice.h"
#include "layers/conv2d.h"
#include "layers/linear.h"

namespace unmix {

// What a loss shows the network: resampled waveforms, or magnitudes summed to its bands.
enum class VggishFrontend { waveform, spectrogram };

struct VggishConfig {
  VggishFrontend frontend = VggishFrontend::waveform;
  bool embeddings = false;  // with the three linear layers, 270 MB; losses do without
  int64_t width = 64;       // channels of conv1, to which all other layers are in proportion
  uint64_t seed = 1;        // of the random weights
};

class Vggish : public Module {
 public:
  // Random weights: uniform within sqrt(6 / fan in), which keeps the values' size through ReLUs (He et al., "Delving
  // Deep into Rectifiers", ICCV 2015); biases 0.
  explicit Vggish(const VggishConfig& config);

  // Tensors by torchvggish's names; those of layers that this network is without are passed over.
  void load_weights(const NamedTensors& weights, const std::string& source);

  const VggishConfig& config() const { return config_; }
  bool random() const { return random_; }  // true until weights are loaded
  // As logs, checkpoints and tables name the features.
  const char* description() const { return random_ ? "random VGGish features" : "VGGish features"; }

  // The outputs of conv1, conv2, conv3_2 and conv4_2, after ReLU and before pooling.
  std::vector<Var> features(const Var& patches) const;
  // (patches, 1, 96, 64) -> (patches, 128); throws where config().embeddings is false.
  Var embedding(const Var& patches) const;

 private:
  VggishConfig config_;
  bool random_ = true;
  std::vector<std::unique_ptr<Conv2d>> convolutions_;
  std::vector<std::unique_ptr<Linear>> linears_;
};

inline constexpr Choice<VggishFrontend> vggish_frontend_names[] = {{"waveform", VggishFrontend::waveform},
                                                                   {"spectrogram", VggishFrontend::spectrogram}};

// On the device, with the weights of a file where one is named, otherwise random.
std::unique_ptr<Vggish> make_vggish(const VggishConfig& config, const std::filesystem::path& weights, Device device);

}  // namespace unmix
