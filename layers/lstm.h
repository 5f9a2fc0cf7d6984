// Several LSTM layers, one or two directions each, dropout between them (Hochreiter & Schmidhuber, 1997; names, gate
// order and initialisation as torch.nn.LSTM): x (steps, batch, in) -> (steps, batch, directions * hidden).
#pragma once

#include <memory>

#include "autograd/ops.h"
#include "layers/dropout.h"
#include "layers/module.h"
#include "tensor/lstm.h"

namespace unmix {

class Lstm : public Module {
 public:
  // hidden: units of one direction; all weights uniform within 1/sqrt(hidden).
  Lstm(int64_t in, int64_t hidden, int layers, bool bidirectional, double dropout, Initializer& init);

  Var operator()(const Var& x) const;

  // The same without a graph and without dropout, over a sequence of any length: beside an input and an output of one
  // layer it needs memory for some thousand rows. Moved in, x gives its memory back after the first layer.
  Tensor infer(Tensor x) const;

  // The next steps of a sequence that comes part by part. `states` is that of the part before and becomes that of this
  // one; empty at the start. One direction only: a second would begin at the sequence's end.
  Tensor infer(Tensor x, std::vector<LstmState>& states) const;

 private:
  Tensor infer_layer(size_t layer, const Tensor& x, std::vector<LstmState>& states) const;

  std::vector<std::vector<LstmParameters>> layers_;  // of each layer, its directions
  std::vector<std::unique_ptr<Dropout>> dropouts_;   // after each layer but the last
};

}  // namespace unmix
