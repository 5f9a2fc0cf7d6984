// Open-Unmix (Stoeter, Uhlich, Liutkus, Mitsufuji, "Open-Unmix - A Reference Implementation for Music Source
// Separation", JOSS 2019) and the joint network of "On Loss Functions and Evaluation Metrics for Music Source
// Separation" (Guso, Pons, Pascual, Serra, ICASSP 2022): one trunk, a mask head per target.
//
//   x (frames, batch, channels, bins), the mixture's magnitudes
//   h = tanh(bn1(fc1((x[..., :max_bin] + input_mean) * input_scale)))
//   z = relu(bn2(fc2([h, lstm(h)])))
//   mask_k = relu(bn3_k(fc3_k(z)) * output_scale + output_mean)
#pragma once

#include <memory>

#include "layers/batch_norm.h"
#include "layers/linear.h"
#include "layers/lstm.h"

namespace unmix {

struct NetworkConfig {
  int64_t bins = 2049;
  int64_t max_bin = 2049;  // bins that the network looks at; see max_bin_of
  int64_t channels = 2;
  int64_t hidden = 512;
  int layers = 3;
  bool unidirectional = false;
  double dropout = 0.4;
};

// Number of bins of an n_fft transform at or below the bandwidth in Hz; 1487 for 44100 Hz, 4096, 16000 Hz. Throws
// where the bandwidth is above the Nyquist frequency.
int64_t max_bin_of(double sample_rate, int64_t n_fft, double bandwidth);

class MaskNetwork : public Module {
 public:
  // suffixes: one per head, the end of its layers' names ("" gives fc3 and bn3, "_1" gives fc3_1 and bn3_1).
  MaskNetwork(const NetworkConfig& config, const std::vector<std::string>& suffixes, uint64_t seed);

  const NetworkConfig& config() const { return config_; }
  int64_t heads() const { return static_cast<int64_t>(heads_.size()); }

  // Magnitudes (frames, batch, channels, bins) -> masks (heads, frames, batch, channels, bins).
  Var operator()(const Var& x);

  // Its parts, of which the LSTM alone connects frames: masks(z), z = join(h, lstm()(h)), h = encode(x).
  Var encode(const Var& x);                     // magnitudes -> (frames, batch, hidden)
  const Lstm& lstm() const { return lstm_; }    // (frames, batch, hidden) -> the same
  Var join(const Var& h, const Var& sequence);  // with the LSTM's result -> z (frames, batch, hidden)
  // -> (heads, frames, batch, channels, bins), written to `out` (heads, frames * batch, channels * bins) where defined.
  Var masks(const Var& z, Tensor out = {});

  // Of the data set, per bin (at least max_bin values; more are ignored): input_mean = -mean, input_scale = 1 / std.
  void set_input_statistics(const std::vector<float>& mean, const std::vector<float>& deviation);

 private:
  struct Head {
    Linear fc3;
    BatchNorm bn3;
  };

  NetworkConfig config_;
  Initializer init_;
  Var input_mean_, input_scale_, output_scale_, output_mean_;
  Linear fc1_;
  BatchNorm bn1_;
  Lstm lstm_;
  Linear fc2_;
  BatchNorm bn2_;
  std::vector<std::unique_ptr<Head>> heads_;
};

// One target; names of Open-Unmix's state dict.
class OpenUnmix : public MaskNetwork {
 public:
  OpenUnmix(const NetworkConfig& config, uint64_t seed) : MaskNetwork(config, {""}, seed) {}
};

// Four targets with a shared trunk; fc3_1 .. fc3_4 and bn3_1 .. bn3_4.
class JointOpenUnmix : public MaskNetwork {
 public:
  JointOpenUnmix(const NetworkConfig& config, uint64_t seed) : MaskNetwork(config, {"_1", "_2", "_3", "_4"}, seed) {}
};

}  // namespace unmix
