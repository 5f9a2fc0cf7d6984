#include "losses/balancer.h"

#include <cmath>

#include "losses/terms.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

constexpr float kDecay = 0.999f;

struct SquareOf {
  const float* x;
  HD Values<float, 1> operator()(int64_t /*row*/, int64_t i) const { return {{x[i] * x[i]}}; }
};

// averages[term] = decay averages[term] + |g|
struct AddNorm {
  float* average;
  HD void operator()(int64_t /*row*/, const Values<double, 1>& squares) const {
    *average = kDecay * *average + static_cast<float>(std::sqrt(squares[0]));
  }
};

struct CountStep {
  float* count;
  HD void operator()(int64_t /*only*/) const { *count = kDecay * *count + 1.0f; }
};

// total += share g / (average / count), nothing where every gradient was zero so far
struct AddShare {
  const float *gradient, *average, *count;
  float share;
  float* total;
  HD void operator()(int64_t i) const {
    if (*average > 0.0f) total[i] += share * *count / *average * gradient[i];
  }
};

}  // namespace

Balancer::Balancer(const Objective& objective, Device device)
    : averages_(Tensor::zeros({static_cast<int64_t>(objective.terms().size()) + 1}, device)) {}

void Balancer::load_state(const std::vector<float>& state) {
  averages_.copy_from(Tensor::from(state, averages_.shape()));
}

Var Balancer::operator()(const Objective& objective, Signals& signals) {
  const Var masks = signals.masks();
  const Device device = masks.device();
  const int64_t terms = averages_.size() - 1, size = masks.size();
  float* count = averages_.data() + terms;
  Tensor total = Tensor::zeros(masks.shape(), device);
  double weights = 0.0;
  for (const Objective::Term& term : objective.terms()) weights += std::fabs(term.weight);
  parallel_for(device, 1, CountStep{count});
  Var value;
  for (int64_t i = 0; i < terms; ++i) {
    const Objective::Term& term = objective.terms()[static_cast<size_t>(i)];
    Var leaf(masks.value(), true);
    signals.set_masks(leaf);
    Var loss = term.loss->compute(signals, objective.context());
    const Var weighted(scale(loss.detach(), static_cast<float>(term.weight)));
    add_term(value, weighted);
    loss.backward();
    const Tensor gradient = leaf.grad();
    float* average = averages_.data() + i;
    reduce_rows<1>(device, 1, size, SquareOf{gradient.data()}, AddNorm{average});
    parallel_for(device, size,
                 AddShare{gradient.data(), average, count, static_cast<float>(term.weight / weights), total.data()});
  }
  signals.set_masks(masks);
  return with_gradient(value.value(), masks, total);
}

}  // namespace unmix
