#include "layers/lstm.h"

#include <fmt/core.h>

#include <cmath>

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

}  // namespace unmix
