#include "models/mask_network.h"

#include "autograd/openunmix_ops.h"
#include "base/error.h"

namespace unmix {
namespace {

// Refuses impossible sizes before any layer is built.
const NetworkConfig& checked(const NetworkConfig& c) {
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) throw UsageError(message);
  };
  require(c.bins >= 2 && c.max_bin >= 1 && c.max_bin <= c.bins,
          fmt::format("a network on {} of {} bins is not possible", c.max_bin, c.bins));
  require(c.channels >= 1, fmt::format("{} channels: a network needs one or more", c.channels));
  require(c.layers >= 1, fmt::format("{} LSTM layers: a network needs one or more", c.layers));
  require(c.hidden >= 1 && (c.unidirectional || c.hidden % 2 == 0),
          fmt::format("hidden size {} must be positive, and even for two directions", c.hidden));
  require(c.dropout >= 0.0 && c.dropout < 1.0, fmt::format("dropout {} must be in [0, 1)", c.dropout));
  return c;
}

}  // namespace

int64_t max_bin_of(double sample_rate, int64_t n_fft, double bandwidth) {
  if (!(bandwidth > 0.0 && bandwidth <= sample_rate / 2))
    throw UsageError(fmt::format("bandwidth {} Hz must be positive and at most half the sample rate, {} Hz", bandwidth,
                                 sample_rate / 2));
  const double spacing = sample_rate / static_cast<double>(n_fft);
  int64_t count = 0;
  while (count <= n_fft / 2 && static_cast<double>(count) * spacing <= bandwidth) ++count;
  return count;
}

MaskNetwork::MaskNetwork(const NetworkConfig& config, const std::vector<std::string>& suffixes, uint64_t seed)
    : config_(checked(config)),
      init_(seed),
      fc1_({.in = config.max_bin * config.channels, .out = config.hidden, .bias = false}, init_),
      bn1_(config.hidden),
      lstm_(config.hidden, config.unidirectional ? config.hidden : config.hidden / 2, config.layers,
            !config.unidirectional, config.dropout, init_),
      fc2_({.in = 2 * config.hidden, .out = config.hidden, .bias = false}, init_),
      bn2_(config.hidden) {
  input_mean_ = add_parameter("input_mean", Tensor::zeros({config.max_bin}));
  input_scale_ = add_parameter("input_scale", Tensor::full({config.max_bin}, 1.0f));
  output_scale_ = add_parameter("output_scale", Tensor::full({config.bins}, 1.0f));
  output_mean_ = add_parameter("output_mean", Tensor::full({config.bins}, 1.0f));
  add_child("fc1", &fc1_);
  add_child("bn1", &bn1_);
  add_child("lstm", &lstm_);
  add_child("fc2", &fc2_);
  add_child("bn2", &bn2_);
  const int64_t out = config.channels * config.bins;
  for (const std::string& suffix : suffixes) {
    heads_.push_back(
        std::unique_ptr<Head>(new Head{{{.in = config.hidden, .out = out, .bias = false}, init_}, BatchNorm(out)}));
    add_child("fc3" + suffix, &heads_.back()->fc3);
    add_child("bn3" + suffix, &heads_.back()->bn3);
  }
}

Var MaskNetwork::operator()(const Var& x) {
  const Var h = encode(x);
  return masks(join(h, lstm_(h)));
}

Var MaskNetwork::encode(const Var& x) {
  const NetworkConfig& c = config_;
  check(x.shape().size() == 4 && x.dim(2) == c.channels && x.dim(3) == c.bins, "model",
        "input {} is not (frames, batch, {}, {})", to_string(x.shape()), c.channels, c.bins);
  const int64_t frames = x.dim(0), batch = x.dim(1);
  const Var standard = standardize(reshape(x, {frames * batch, c.channels, c.bins}), input_mean_, input_scale_);
  return reshape(tanh(bn1_(fc1_(standard))), {frames, batch, c.hidden});
}

Var MaskNetwork::join(const Var& h, const Var& sequence) {
  const int64_t rows = h.dim(0) * h.dim(1), hidden = config_.hidden;
  const Var both = concat({reshape(h, {rows, hidden}), reshape(sequence, {rows, hidden})}, 1);
  return reshape(relu(bn2_(fc2_(both))), h.shape());
}

Var MaskNetwork::masks(const Var& z, Tensor out) {
  const NetworkConfig& c = config_;
  const int64_t frames = z.dim(0), batch = z.dim(1), rows = frames * batch;
  // Each head writes its part of one tensor, so that stacking them moves nothing.
  if (!out.defined()) out = Tensor::empty({heads(), rows, c.channels * c.bins}, z.device());
  const Var flat = reshape(z, {rows, c.hidden});
  std::vector<Var> parts;
  for (auto& head : heads_)
    parts.push_back(mask_head(head->fc3(flat), head->bn3.normalization(), output_scale_, output_mean_,
                              out[static_cast<int64_t>(parts.size())]));
  return reshape(stack(parts), {heads(), frames, batch, c.channels, c.bins});
}

void MaskNetwork::set_input_statistics(const std::vector<float>& mean, const std::vector<float>& deviation) {
  const auto kept = static_cast<size_t>(config_.max_bin);
  check(mean.size() >= kept && deviation.size() >= kept, "model", "statistics of {} bins do not cover the {} used",
        std::min(mean.size(), deviation.size()), kept);
  std::vector<float> shift(kept), scale(kept);
  for (size_t i = 0; i < kept; ++i) {
    shift[i] = -mean[i];
    scale[i] = 1.0f / deviation[i];
  }
  input_mean_.value().copy_from(Tensor::from(shift, {config_.max_bin}));
  input_scale_.value().copy_from(Tensor::from(scale, {config_.max_bin}));
}

}  // namespace unmix
