#include "tensor/lstm.h"

#include "autograd/ops.h"
#include "base/error.h"

namespace unmix {
namespace {

LstmShape shape_of(const Var& x, const std::vector<LstmParameters>& directions) {
  check(x.shape().size() == 3 && (directions.size() == 1 || directions.size() == 2), "lstm",
        "input {} with {} directions: give (steps, batch, features) and one or two directions", to_string(x.shape()),
        directions.size());
  check(directions[0].w_hh.shape().size() == 2, "lstm", "recurrent weights {} are not (4 hidden, hidden)",
        to_string(directions[0].w_hh.shape()));
  const LstmShape shape{x.dim(0), x.dim(1), x.dim(2), directions[0].w_hh.dim(1), static_cast<int>(directions.size())};
  check(element_count(x.shape()) > 0, "lstm", "input {} is empty", to_string(x.shape()));
  for (const LstmParameters& p : directions) {
    const int64_t gates = 4 * shape.hidden;
    check(p.w_ih.shape() == Shape{gates, shape.input} && p.w_hh.shape() == Shape{gates, shape.hidden} &&
              p.b_ih.shape() == Shape{gates} && p.b_hh.shape() == Shape{gates},
          "lstm", "weights {}, {}, biases {}, {} do not fit an input of {} features and {} hidden units",
          to_string(p.w_ih.shape()), to_string(p.w_hh.shape()), to_string(p.b_ih.shape()), to_string(p.b_hh.shape()),
          shape.input, shape.hidden);
  }
  return shape;
}

}  // namespace

Var lstm(const Var& x, const std::vector<LstmParameters>& directions) {
  const LstmShape shape = shape_of(x, directions);
  const Device device = x.device();
  std::vector<LstmWeights> weights;
  std::vector<Var> inputs{x};
  for (const LstmParameters& p : directions) {
    weights.push_back({p.w_ih.value(), p.w_hh.value(), p.b_ih.value(), p.b_hh.value()});
    inputs.insert(inputs.end(), {p.w_ih, p.w_hh, p.b_ih, p.b_hh});
  }
  Tensor y = Tensor::empty({shape.steps, shape.batch, shape.directions * shape.hidden}, device);
  std::vector<Tensor> saved;
  UNMIX_DISPATCH(device, lstm_forward, shape, weights, x.value(), y, builds_graph(inputs) ? &saved : nullptr);

  return make_var(y, inputs, [shape, weights, xv = x.value(), y, saved](const Tensor& dy, Gradients& gradients) {
    const Device on = dy.device();
    Tensor dx = Tensor::empty(xv.shape(), on);
    std::vector<LstmWeights> dw;
    for (const LstmWeights& w : weights)
      dw.push_back({Tensor::empty(w.w_ih.shape(), on), Tensor::empty(w.w_hh.shape(), on),
                    Tensor::empty(w.b_ih.shape(), on), Tensor::empty(w.b_hh.shape(), on)});
    UNMIX_DISPATCH(on, lstm_backward, shape, weights, xv, y, saved, dy, dx, dw);
    gradients.add(0, dx);
    for (size_t d = 0; d < dw.size(); ++d) {
      gradients.add(4 * d + 1, dw[d].w_ih);
      gradients.add(4 * d + 2, dw[d].w_hh);
      gradients.add(4 * d + 3, dw[d].b_ih);
      gradients.add(4 * d + 4, dw[d].b_hh);
    }
  });
}

}  // namespace unmix
