#include "models/discriminator.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/linear.h"

namespace unmix {
namespace {

constexpr int64_t kKernel = 4;
constexpr LeakyRelu kActivation{0.2f};
constexpr int64_t kSmallestPatch = 24;  // frames and bins: halved three times, less two

int64_t widened(int64_t features, double width) {
  return std::max<int64_t>(2, std::llround(static_cast<double>(features) * width));
}

void check_channels(const Var& x, int64_t channels) {
  check(x.shape().size() == 4 && x.dim(1) == channels, "discriminator",
        "spectrograms {} do not fit: (batch, {}, frames, bins) is expected", to_string(x.shape()), channels);
}

class PatchDiscriminator : public Discriminator {
 public:
  PatchDiscriminator(const DiscriminatorConfig& config, uint64_t seed) : config_(config), init_(seed) {
    if (config.frames < kSmallestPatch || config.bins < kSmallestPatch)
      throw UsageError(
          fmt::format("excerpts of {} frames x {} bins are too small for the discriminator patch, which "
                      "needs {} x {}: take longer excerpts (seq-dur) or another nfft and nhop",
                      config.frames, config.bins, kSmallestPatch, kSmallestPatch));
    int64_t in = config.channels;
    for (const auto& [features, stride] : {std::pair<int64_t, int64_t>{64, 2}, {128, 2}, {256, 2}, {512, 1}}) {
      const int64_t out = widened(features, config.width);
      add_convolution(in, out, stride, /*with_bias=*/convolutions_.empty());
      if (convolutions_.size() > 1) add_norm(out);
      ++index_;  // of the activation
      in = out;
    }
    add_convolution(in, 1, 1, true);
  }

  Judgement operator()(const Var& x) override {
    check_channels(x, config_.channels);
    Judgement judgement;
    Var h = x;
    for (size_t i = 0; i + 1 < convolutions_.size(); ++i) {
      h = (*convolutions_[i])(h);
      if (i > 0) h = (*norms_[i - 1])(h);
      h = kActivation(h);
      judgement.features.push_back(h);
    }
    judgement.scores = (*convolutions_.back())(h);
    return judgement;
  }

 private:
  void add_convolution(int64_t in, int64_t out, int64_t stride, bool with_bias) {
    convolutions_.push_back(std::make_unique<Conv2d>(Conv2dOptions{.in = in,
                                                                   .out = out,
                                                                   .kernel = kKernel,
                                                                   .stride = stride,
                                                                   .padding = 1,
                                                                   .bias = with_bias,
                                                                   .spectral_norm = config_.spectral_norm},
                                                     init_));
    add_child(fmt::format("model.{}", index_++), convolutions_.back().get());
  }

  void add_norm(int64_t features) {
    norms_.push_back(std::make_unique<BatchNorm>(features));
    add_child(fmt::format("model.{}", index_++), norms_.back().get());
  }

  DiscriminatorConfig config_;
  Initializer init_;
  int index_ = 0;  // in a Sequential of all layers
  std::vector<std::unique_ptr<Conv2d>> convolutions_;
  std::vector<std::unique_ptr<BatchNorm>> norms_;
};

int64_t halved(int64_t size) { return (size + 1) / 2; }

// A convolution of stride 2 to half the size, rounded up: an uneven one gets a second row of zeros at its end.
Var half_size(const Conv2d& convolution, const Var& x) {
  Var even = x;
  for (const int axis : {2, 3})
    if (x.dim(axis) % 2 == 1) even = pad(even, axis, 0, 1);
  return convolution(even);
}

class DcganDiscriminator : public Discriminator {
 public:
  DcganDiscriminator(const DiscriminatorConfig& config, uint64_t seed) : config_(config), init_(seed) {
    check(config.frames > 0 && config.bins > 0, "discriminator", "{} frames x {} bins are no spectrogram",
          config.frames, config.bins);
    int64_t in = config.channels, frames = config.frames, bins = config.bins;
    for (const int64_t features : {16, 32, 64, 128, 256, 512, 512, 512, 512}) {
      const int64_t out = widened(features, config.width);
      convolutions_.push_back(std::make_unique<Conv2d>(Conv2dOptions{.in = in,
                                                                     .out = out,
                                                                     .kernel = kKernel,
                                                                     .stride = 2,
                                                                     .padding = 1,
                                                                     .spectral_norm = config.spectral_norm},
                                                       init_));
      add_child(fmt::format("features.{}", 2 * convolutions_.size() - 2), convolutions_.back().get());
      in = out;
      frames = halved(frames);
      bins = halved(bins);
    }
    in *= frames * bins;
    for (const int64_t features : {1024, 32, 1}) {
      const int64_t out = features == 1 ? 1 : widened(features, config.width);
      linears_.push_back(std::make_unique<Linear>(
          LinearOptions{.in = in, .out = out, .bias = features != 1, .spectral_norm = config.spectral_norm}, init_));
      add_child(fmt::format("classifier.{}", 2 * linears_.size() - 2), linears_.back().get());
      in = out;
    }
  }

  Judgement operator()(const Var& x) override {
    check_channels(x, config_.channels);
    check(x.dim(2) == config_.frames && x.dim(3) == config_.bins, "discriminator",
          "the dcgan discriminator is for {} frames x {} bins, spectrograms are {}", config_.frames, config_.bins,
          to_string(x.shape()));
    Judgement judgement;
    Var h = x;
    for (const auto& convolution : convolutions_)
      judgement.features.push_back(h = kActivation(half_size(*convolution, h)));
    h = reshape(h, {x.dim(0), -1});
    for (size_t i = 0; i + 1 < linears_.size(); ++i) judgement.features.push_back(h = kActivation((*linears_[i])(h)));
    judgement.scores = (*linears_.back())(h);
    return judgement;
  }

 private:
  DiscriminatorConfig config_;
  Initializer init_;
  std::vector<std::unique_ptr<Conv2d>> convolutions_;
  std::vector<std::unique_ptr<Linear>> linears_;
};

template <class Network>
std::unique_ptr<Discriminator> make(const DiscriminatorConfig& config, uint64_t seed) {
  return std::make_unique<Network>(config, seed);
}

}  // namespace

const std::vector<DiscriminatorEntry>& discriminator_registry() {
  static const std::vector<DiscriminatorEntry> table{
      {.name = "patch", .description = "70x70 PatchGAN with batch norm", .make = make<PatchDiscriminator>},
      {.name = "dcgan",
       .description = "the study's: nine convolutions and three linear layers",
       .make = make<DcganDiscriminator>},
  };
  return table;
}

const DiscriminatorEntry& find_discriminator(std::string_view name) {
  std::vector<std::string_view> names;
  for (const DiscriminatorEntry& entry : discriminator_registry()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UsageError(fmt::format("there is no discriminator '{}'; there are: {}", name, fmt::join(names, ", ")));
}

Discriminators::Discriminators(const DiscriminatorEntry& kind, const DiscriminatorConfig& config,
                               const std::vector<std::string>& sources, uint64_t seed) {
  check(!sources.empty(), "discriminator", "there are no sources to judge");
  for (const std::string& source : sources) {
    // Seeds far from the separator's, and of each source its own.
    networks_.push_back(kind.make(config, seed + 0x9e3779b97f4a7c15u * (networks_.size() + 1)));
    add_child(source, networks_.back().get());
  }
  require_gradients(false);
}

Judgement Discriminators::operator()(int64_t k, const Var& magnitudes) const {
  check(k >= 0 && k < sources() && magnitudes.shape().size() == 4, "discriminator",
        "source {} of {} with magnitudes {}: (frames, batch, channels, bins) is expected", k, sources(),
        to_string(magnitudes.shape()));
  return (*networks_[static_cast<size_t>(k)])(permute(magnitudes, {1, 2, 0, 3}));
}

void Discriminators::require_gradients(bool required) const {
  for (auto& [name, parameter] : parameters()) Var(parameter).set_requires_grad(required);
}

}  // namespace unmix
