#include "tensor/lstm.h"

#include "autograd/ops.h"

namespace unmix {

Var lstm(const Var& x, const std::vector<LstmParameters>& directions) {
  std::vector<LstmWeights> weights;
  std::vector<Var> inputs{x};
  for (const LstmParameters& p : directions) {
    weights.push_back({p.w_ih.value(), p.w_hh.value(), p.b_ih.value(), p.b_hh.value()});
    inputs.insert(inputs.end(), {p.w_ih, p.w_hh, p.b_ih, p.b_hh});
  }
  const LstmShape shape = lstm_shape(x.value(), weights);
  const Device device = x.device();
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
