#include "layers/lstm.h"

#include <fmt/core.h>

#include <cmath>

#include "base/error.h"

namespace unmix {

Lstm::Lstm(int64_t in, int64_t hidden, int layers, bool bidirectional, double dropout, Initializer& init) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(hidden));
  const int directions = bidirectional ? 2 : 1;
  for (int layer = 0; layer < layers; ++layer) {
    std::vector<LstmParameters> parameters;
    for (int direction = 0; direction < directions; ++direction) {
      const std::string end = fmt::format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
      const int64_t features = layer == 0 ? in : directions * hidden;
      const Var w_ih = add_parameter("weight_ih" + end, init.uniform({4 * hidden, features}, bound));
      const Var w_hh = add_parameter("weight_hh" + end, init.uniform({4 * hidden, hidden}, bound));
      const Var b_ih = add_parameter("bias_ih" + end, init.uniform({4 * hidden}, bound));
      const Var b_hh = add_parameter("bias_hh" + end, init.uniform({4 * hidden}, bound));
      parameters.push_back({w_ih, w_hh, b_ih, b_hh});
    }
    layers_.push_back(std::move(parameters));
    if (layer + 1 < layers) {
      dropouts_.push_back(std::make_unique<Dropout>(dropout));
      add_child(fmt::format("dropout_l{}", layer), dropouts_.back().get());
    }
  }
}

Var Lstm::operator()(const Var& x) const {
  Var y = x;
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    y = lstm(y, layers_[layer]);
    if (layer < dropouts_.size()) y = (*dropouts_[layer])(y);
  }
  return y;
}

Tensor Lstm::infer_layer(size_t layer, const Tensor& x, std::vector<LstmState>& states) const {
  std::vector<LstmWeights> weights;
  for (const LstmParameters& p : layers_[layer])
    weights.push_back({p.w_ih.value(), p.w_hh.value(), p.b_ih.value(), p.b_hh.value()});
  const LstmShape s = lstm_shape(x, weights);
  Tensor y = Tensor::empty({s.steps, s.batch, s.directions * s.hidden}, x.device());
  lstm_infer(weights, x, states, y);
  return y;
}

Tensor Lstm::infer(Tensor x) const {
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    std::vector<LstmState> states(layers_[layer].size());
    x = infer_layer(layer, x, states);
  }
  return x;
}

Tensor Lstm::infer(Tensor x, std::vector<LstmState>& states) const {
  check(layers_[0].size() == 1, "lstm",
        "two directions cannot read a sequence part by part: the second begins at its end");
  if (states.empty()) states.resize(layers_.size());
  check(states.size() == layers_.size(), "lstm", "{} states for {} layers", states.size(), layers_.size());
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    std::vector<LstmState> state{states[layer]};
    x = infer_layer(layer, x, state);
    states[layer] = state[0];
  }
  return x;
}

}  // namespace unmix
