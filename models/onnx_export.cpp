#include "models/onnx_export.h"

#include <fmt/core.h>

#include <algorithm>

#include "formats/onnx_file.h"

namespace unmix {
namespace {

constexpr const char* kMixture = "mixture";
constexpr float kBatchNormEpsilon = 1e-5f;

// PyTorch's gates are input, forget, cell, output, ONNX's input, output, forget, cell.
constexpr int64_t kGates[] = {0, 3, 1, 2};

// Rows of all directions, gates in ONNX's order, one after another: (directions * rows, columns).
void append_gates(const Tensor& weight, std::vector<float>& values) {
  const std::vector<float> given = weight.to_vector();
  const auto gate = static_cast<std::ptrdiff_t>(given.size() / std::size(kGates));
  for (const int64_t index : kGates)
    values.insert(values.end(), given.begin() + index * gate, given.begin() + (index + 1) * gate);
}

// The nodes of one network. `x`: magnitudes (frames, batch, channels, bins).
class NetworkNodes {
 public:
  NetworkNodes(OnnxGraph& graph, const LoadedModel& model, std::string x)
      : graph_(graph),
        config_(model.network->config()),
        state_(model.network->state()),
        prefix_(model.target + "."),
        x_(std::move(x)) {}

  // Adds all; the estimate of each head (frames, batch, channels, bins) is magnitudes too.
  std::vector<std::string> add(const std::vector<std::string>& heads) {
    std::string h = batch_norm(linear(input(), "fc1"), "bn1");
    h = node("Tanh", {h}, "tanh");
    h = node("Concat", {h, lstm(h)}, "skip", {{"axis", int64_t{1}}});
    h = node("Relu", {batch_norm(linear(h, "fc2"), "bn2")}, "relu");
    const std::string scale = weight("output_scale"), mean = weight("output_mean"),
                      shape = node("Shape", {x_}, "shape");
    std::vector<std::string> estimates;
    for (const std::string& head : heads) {
      std::string y = batch_norm(linear(h, "fc3" + head), "bn3" + head);
      y = node("Reshape", {y, shape}, "spectrum" + head);
      y = node("Mul", {y, scale}, "scaled" + head);
      y = node("Relu", {node("Add", {y, mean}, "shifted" + head)}, "mask" + head);
      estimates.push_back(node("Mul", {y, x_}, "estimate" + head));
    }
    return estimates;
  }

 private:
  // (frames * batch, channels * max_bin)
  std::string input() {
    std::string x = x_;
    if (config_.max_bin < config_.bins)
      x = node("Slice",
               {x, numbers("slice.begin", {0}), numbers("slice.end", {config_.max_bin}), numbers("slice.axis", {3})},
               "slice");
    x = node("Mul", {node("Add", {x, weight("input_mean")}, "centered"), weight("input_scale")}, "standardized");
    return node("Reshape", {x, numbers("rows", {-1, config_.channels * config_.max_bin})}, "input");
  }

  std::string linear(const std::string& x, const std::string& layer) {
    return node("Gemm", {x, weight(layer + ".weight")}, layer, {{"transB", int64_t{1}}});
  }

  std::string batch_norm(const std::string& x, const std::string& layer) {
    return node("BatchNormalization",
                {x, weight(layer + ".weight"), weight(layer + ".bias"), weight(layer + ".running_mean"),
                 weight(layer + ".running_var")},
                layer, {{"epsilon", kBatchNormEpsilon}});
  }

  // (frames * batch, hidden) -> the same; ONNX's LSTM takes (frames, batch, hidden) and gives (frames, directions,
  // batch, units).
  std::string lstm(const std::string& rows) {
    const std::string size = node("Shape", {x_}, "lstm.frames_and_batch", {{"start", int64_t{0}}, {"end", int64_t{2}}});
    const std::string shape =
        node("Concat", {size, numbers("lstm.hidden", {config_.hidden})}, "lstm.shape", {{"axis", int64_t{0}}});
    const std::string flat = numbers("lstm.rows", {-1, config_.hidden});
    std::string h = rows;
    for (int layer = 0; layer < config_.layers; ++layer) {
      const std::string name = fmt::format("lstm.{}", layer);
      h = node("Reshape", {h, shape}, name + ".input");
      h = node(
          "LSTM", {h, gates("weight_ih", layer), gates("weight_hh", layer), biases(layer)}, name + ".output",
          {{"hidden_size", units()}, {"direction", std::string(config_.unidirectional ? "forward" : "bidirectional")}});
      h = node("Transpose", {h}, name + ".batch_first", {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
      h = node("Reshape", {h, flat}, name);
    }
    return h;
  }

  // (directions, 4 * units, columns)
  std::string gates(const std::string& kind, int layer) {
    std::vector<float> values;
    for (const std::string& direction : directions())
      append_gates(tensor(fmt::format("lstm.{}_l{}{}", kind, layer, direction)), values);
    const auto count = static_cast<int64_t>(directions().size());
    const int64_t columns = static_cast<int64_t>(values.size()) / (count * 4 * units());
    return graph_.constant(prefix_ + fmt::format("lstm.{}_l{}", kind, layer),
                           Tensor::from(values, {count, 4 * units(), columns}));
  }

  // (directions, 8 * units): of the input, of the state.
  std::string biases(int layer) {
    std::vector<float> values;
    for (const std::string& direction : directions())
      for (const char* kind : {"bias_ih", "bias_hh"})
        append_gates(tensor(fmt::format("lstm.{}_l{}{}", kind, layer, direction)), values);
    return graph_.constant(prefix_ + fmt::format("lstm.bias_l{}", layer),
                           Tensor::from(values, {static_cast<int64_t>(directions().size()), 8 * units()}));
  }

  std::vector<std::string> directions() const {
    return config_.unidirectional ? std::vector<std::string>{""} : std::vector<std::string>{"", "_reverse"};
  }

  int64_t units() const { return config_.unidirectional ? config_.hidden : config_.hidden / 2; }

  std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& name,
                   const OnnxAttributes& attributes = {}) {
    return graph_.node(type, inputs, prefix_ + name, attributes);
  }

  std::string numbers(const std::string& name, const std::vector<int64_t>& values) {
    return graph_.constant(prefix_ + name, values);
  }

  std::string weight(const std::string& name) { return graph_.constant(prefix_ + name, tensor(name)); }

  const Tensor& tensor(const std::string& name) const {
    return std::find_if(state_.begin(), state_.end(), [&](const auto& entry) { return entry.first == name; })->second;
  }

  OnnxGraph& graph_;
  const NetworkConfig& config_;
  const NamedTensors state_;
  const std::string prefix_, x_;
};

std::vector<std::string> heads_of(const LoadedModel& model) {
  for (const ModelEntry& entry : model_registry())
    if (static_cast<int64_t>(entry.heads.size()) == model.network->heads()) return entry.heads;
  return {};
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const ModelSet& set) {
  OnnxGraph graph;
  const SeparatorConfig& config = set.config;
  const std::vector<OnnxAxis> axes{"batch", config.channels, config.n_fft / 2 + 1, "frames"};
  graph.input(kMixture, axes);
  const std::string x =
      graph.node("Transpose", {kMixture}, "frames_first", {{"perm", std::vector<int64_t>{3, 0, 1, 2}}});
  for (const LoadedModel& model : set.models) {
    const std::vector<std::string> estimates = NetworkNodes(graph, model, x).add(heads_of(model));
    for (size_t i = 0; i < estimates.size(); ++i) {
      graph.node("Transpose", {estimates[i]}, model.sources[i], {{"perm", std::vector<int64_t>{1, 2, 3, 0}}});
      graph.output(model.sources[i], axes);
    }
  }
  graph.write(path,
              "Magnitudes of an STFT (periodic Hann window, centered, not normalised) of the mixture -> magnitudes of "
              "each source; all (batch, channels, bins, frames)",
              {{"nfft", std::to_string(config.n_fft)},
               {"nhop", std::to_string(config.hop)},
               {"sample_rate", std::to_string(config.sample_rate)},
               {"nb_channels", std::to_string(config.channels)}});
}

}  // namespace unmix
