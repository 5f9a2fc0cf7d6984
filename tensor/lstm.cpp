#include "tensor/lstm.h"

#include <algorithm>

#include "base/error.h"
#include "tensor/group_limits.h"

namespace unmix {
namespace {

constexpr int64_t kPieceRows = 1024;  // large enough for the products, small enough for their results to stay in cache

void check_piece(const LstmPiece& piece) {
  const LstmShape s = lstm_shape(piece.x, {piece.weights});
  const Shape& y = piece.y.shape();
  check(y.size() == 3 && y[0] == s.steps && y[1] == s.batch && piece.column >= 0 && piece.column + s.hidden <= y[2],
        "lstm", "output {} has no columns {} to {} for each of {} steps and {} sequences", to_string(y), piece.column,
        piece.column + s.hidden, s.steps, s.batch);
  const Shape state{s.batch, s.hidden};
  for (const Tensor& tensor : {piece.state->h, piece.state->c})
    check(!tensor.defined() || tensor.shape() == state, "lstm", "state {} is not {}", to_string(tensor.shape()),
          to_string(state));
  check(piece.state->h.defined() == piece.state->c.defined(), "lstm", "a state with only one of h and c");
}

}  // namespace

LstmShape lstm_shape(const Tensor& x, const std::vector<LstmWeights>& weights) {
  check(x.rank() == 3 && (weights.size() == 1 || weights.size() == 2), "lstm",
        "input {} with {} directions: give (steps, batch, features) and one or two directions", to_string(x.shape()),
        weights.size());
  check(weights[0].w_hh.rank() == 2, "lstm", "recurrent weights {} are not (4 hidden, hidden)",
        to_string(weights[0].w_hh.shape()));
  const LstmShape shape{x.dim(0), x.dim(1), x.dim(2), weights[0].w_hh.dim(1), static_cast<int>(weights.size())};
  check(x.size() > 0, "lstm", "input {} is empty", to_string(x.shape()));
  const int64_t gates = 4 * shape.hidden;
  for (const LstmWeights& w : weights)
    check(w.w_ih.shape() == Shape{gates, shape.input} && w.w_hh.shape() == Shape{gates, shape.hidden} &&
              w.b_ih.shape() == Shape{gates} && w.b_hh.shape() == Shape{gates},
          "lstm", "weights {}, {}, biases {}, {} do not fit an input of {} features and {} hidden units",
          to_string(w.w_ih.shape()), to_string(w.w_hh.shape()), to_string(w.b_ih.shape()), to_string(w.b_hh.shape()),
          shape.input, shape.hidden);
  return shape;
}

void lstm_pieces(const std::vector<LstmPiece>& pieces) {
  if (pieces.empty()) return;
  for (const LstmPiece& piece : pieces) check_piece(piece);
  UNMIX_DISPATCH(pieces[0].x.device(), lstm_pieces, pieces);
}

void lstm_infer(const std::vector<LstmWeights>& weights, const Tensor& x, std::vector<LstmState>& states, Tensor& y) {
  const LstmShape s = lstm_shape(x, weights);
  check(states.size() == weights.size(), "lstm", "{} states for {} directions", states.size(), weights.size());
  const int64_t length = std::max<int64_t>(1, std::min(kPieceRows / s.batch, group_limits().lstm_steps));
  for (int64_t begin = 0; begin < s.steps; begin += length) {
    const int64_t end = std::min(s.steps, begin + length);
    std::vector<LstmPiece> pieces{{weights[0], x.rows(begin, end), false, &states[0], y.rows(begin, end)}};
    if (s.directions == 2)
      pieces.push_back({weights[1], x.rows(s.steps - end, s.steps - begin), true, &states[1],
                        y.rows(s.steps - end, s.steps - begin), s.hidden});
    lstm_pieces(pieces);
  }
}

}  // namespace unmix
