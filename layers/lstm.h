// Several LSTM layers, one or two directions each, dropout between them (Hochreiter & Schmidhuber, 1997; names, gate
// order and initialisation as torch.nn.LSTM): x (steps, batch, in) -> (steps, batch, directions * hidden).
#pragma once

#include <memory>

#include "autograd/ops.h"
#include "layers/dropout.h"
#include "layers/module.h"

namespace unmix {

class Lstm : public Module {
 public:
  // hidden: units of one direction; all weights uniform within 1/sqrt(hidden).
  Lstm(int64_t in, int64_t hidden, int layers, bool bidirectional, double dropout, Initializer& init);

  Var operator()(const Var& x) const;

 private:
  std::vector<std::vector<LstmParameters>> layers_;     // of each layer, its directions
  std::vector<std::unique_ptr<Dropout>> dropouts_;      // after each layer but the last
};

}  // namespace unmix
