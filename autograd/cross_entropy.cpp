// Cross entropies from logits, stable for large ones.
//   binary       max(x, 0) - t x + log(1 + exp(-|x|)),   gradient s(x) - t
//   categorical  log sum_k exp x_k - x_label,            gradient exp(x_k) / sum_j exp(x_j) - [k = label]
#include <cmath>

#include "autograd/loss_ops.h"
#include "autograd/store.h"
#include "base/error.h"
#include "tensor/math.h"

namespace unmix {
namespace {

struct Binary {
  const float *logits, *targets;
  int64_t cols;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const {
    const float x = logits[row * cols + col], t = targets[row * cols + col];
    return {{(x > 0.0f ? x : 0.0f) - t * x + log1p_approx(exp_approx(-std::fabs(x)))}};
  }
};

struct BinaryGradient {
  const float *logits, *targets, *dy;
  int64_t cols;
  float factor;
  float* dx;
  HD void operator()(int64_t row, int64_t col) const {
    const int64_t i = row * cols + col;
    dx[i] = dy[row] * factor * (sigmoid(logits[i]) - targets[i]);
  }
};

struct Categorical {
  const float *logits, *labels;
  int64_t classes, cols;

  HD float largest(int64_t col) const {
    float most = logits[col];
    for (int64_t k = 1; k < classes; ++k) most = logits[k * cols + col] > most ? logits[k * cols + col] : most;
    return most;
  }
  HD float exponentials(int64_t col, float most) const {
    float sum = 0.0f;
    for (int64_t k = 0; k < classes; ++k) sum += exp_approx(logits[k * cols + col] - most);
    return sum;
  }
  HD Values<float, 1> operator()(int64_t /*row*/, int64_t col) const {
    const float most = largest(col);
    return {
        {most - logits[static_cast<int64_t>(labels[col]) * cols + col] + log1p_approx(exponentials(col, most) - 1.0f)}};
  }
};

struct CategoricalGradient {
  Categorical of;
  const float* dy;
  float factor;
  float* dx;
  HD void operator()(int64_t col) const {
    const float most = of.largest(col), sum = of.exponentials(col, most);
    for (int64_t k = 0; k < of.classes; ++k) {
      const float share = exp_approx(of.logits[k * of.cols + col] - most) / sum;
      dx[k * of.cols + col] = *dy * factor * (share - (static_cast<float>(k) == of.labels[col] ? 1.0f : 0.0f));
    }
  }
};

}  // namespace

Var binary_cross_entropy(const Var& logits, const Tensor& targets) {
  check(logits.shape() == targets.shape() && !logits.shape().empty() && logits.size() > 0, "binary_cross_entropy",
        "logits {} and targets {} differ", to_string(logits.shape()), to_string(targets.shape()));
  const Tensor x = logits.value();
  const Device device = x.device();
  const int64_t rows = x.dim(0), cols = x.size() / rows;
  const double factor = 1.0 / static_cast<double>(cols);
  Tensor y = Tensor::empty({rows}, device);
  reduce_rows<1>(device, rows, cols, Binary{x.data(), targets.data(), cols}, StoreSum{y.data(), factor});
  return make_var(y, {logits}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(x.shape(), device);
    parallel_for(device, rows, cols,
                 BinaryGradient{x.data(), targets.data(), dy.data(), cols, static_cast<float>(factor), dx.data()});
    gradients.add(0, dx);
  });
}

Var cross_entropy(const Var& logits, const Tensor& labels) {
  check(!logits.shape().empty() && logits.size() > 0 &&
            Shape(logits.shape().begin() + 1, logits.shape().end()) == labels.shape(),
        "cross_entropy", "logits {} do not fit the labels {}", to_string(logits.shape()), to_string(labels.shape()));
  const Tensor x = logits.value();
  const Device device = x.device();
  const double factor = 1.0 / static_cast<double>(labels.size());
  Tensor y = Tensor::empty({}, device);
  reduce_rows<1>(device, 1, labels.size(), Categorical{x.data(), labels.data(), x.dim(0), labels.size()},
                 StoreSum{y.data(), factor});
  return make_var(y, {logits}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(x.shape(), device);
    parallel_for(
        device, labels.size(),
        CategoricalGradient{
            {x.data(), labels.data(), x.dim(0), labels.size()}, dy.data(), static_cast<float>(factor), dx.data()});
    gradients.add(0, dx);
  });
}

}  // namespace unmix
