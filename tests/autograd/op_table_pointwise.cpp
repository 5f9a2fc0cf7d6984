#include <cmath>

#include "autograd/ops.h"
#include "tensor/random.h"
#include "tests/autograd/op_table.h"

namespace unmix::test {
namespace {

// b repeats along the first axes of a.
Reference binary(double (*f)(double, double)) {
  return [f](const Arrays& in) {
    std::vector<double> y = in[0].values;
    for (size_t i = 0; i < y.size(); ++i) y[i] = f(y[i], in[1].values[i % in[1].values.size()]);
    return y;
  };
}

Reference unary(const std::function<double(double)>& f) {
  return [f](const Arrays& in) {
    std::vector<double> y = in[0].values;
    for (double& value : y) value = f(value);
    return y;
  };
}

std::vector<OpRow> binary_rows(const std::string& op, Var (*call)(const Var&, const Var&),
                               double (*f)(double, double)) {
  const Function function = [call](const Vars& v) { return call(v[0], v[1]); };
  // Away from 0 for quotients.
  const auto second = [](Shape shape) { return OpInput{std::move(shape), -2.0, 2.0, 0.0, 0.4}; };
  return {{op, "same", {uniform({2, 3, 4}), second({2, 3, 4})}, function, binary(f)},
          {op, "last_axis", {uniform({2, 3, 4}), second({4})}, function, binary(f)},
          {op, "last_two_axes", {uniform({2, 3, 4}), second({3, 4})}, function, binary(f)},
          {op, "with_scalar", {uniform({2, 3}), second({})}, function, binary(f)},
          {op, "of_scalars", {uniform({}), second({})}, function, binary(f)}};
}

OpRow unary_row(const std::string& op, OpInput input, const std::function<Var(const Var&)>& call,
                const std::function<double(double)>& f) {
  return {op, "", {std::move(input)}, [call](const Vars& v) { return call(v[0]); }, unary(f)};
}

OpRow dropout_row(const std::string& variant, float p) {
  const Reference reference = [p](const Arrays& in) {
    const Philox random{5, 9};
    std::vector<double> y = in[0].values;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = random.word(i) < p * 0x1p32 ? 0.0 : y[i] / (1.0 - static_cast<double>(p));
    return y;
  };
  return {"dropout", variant, {uniform({3, 7})}, [p](const Vars& v) { return dropout(v[0], p, 5, 9); }, reference};
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> pointwise_rows() {
  std::vector<OpRow> rows;
  const auto append = [&](const std::vector<OpRow>& more) { rows.insert(rows.end(), more.begin(), more.end()); };
  append(binary_rows("add", add, [](double a, double b) { return a + b; }));
  append(binary_rows("sub", sub, [](double a, double b) { return a - b; }));
  append(binary_rows("mul", mul, [](double a, double b) { return a * b; }));
  append(binary_rows("div", div, [](double a, double b) { return a / b; }));
  const Shape shape{3, 5};
  append({
      unary_row("scale", uniform(shape), [](const Var& x) { return scale(x, -1.7f); },
                [](double x) { return -1.7f * x; }),
      unary_row("add_scalar", uniform(shape), [](const Var& x) { return add_scalar(x, 0.3f); },
                [](double x) { return x + 0.3f; }),
      unary_row("abs", away_from(0.0, shape), [](const Var& x) { return abs(x); },
                [](double x) { return std::fabs(x); }),
      unary_row("square", uniform(shape), [](const Var& x) { return square(x); }, [](double x) { return x * x; }),
      unary_row("sqrt", uniform(shape, 0.2, 4.0), [](const Var& x) { return sqrt(x); },
                [](double x) { return std::sqrt(x); }),
      unary_row("exp", uniform(shape, -2.0, 2.0), [](const Var& x) { return exp(x); },
                [](double x) { return std::exp(x); }),
      unary_row("log", uniform(shape, 0.2, 4.0), [](const Var& x) { return log(x); },
                [](double x) { return std::log(x); }),
      unary_row("tanh", uniform(shape, -2.0, 2.0), [](const Var& x) { return tanh(x); },
                [](double x) { return std::tanh(x); }),
      unary_row("sigmoid", uniform(shape, -3.0, 3.0), [](const Var& x) { return sigmoid(x); },
                [](double x) { return 1.0 / (1.0 + std::exp(-x)); }),
      unary_row("relu", away_from(0.0, shape), [](const Var& x) { return relu(x); },
                [](double x) { return x > 0.0 ? x : 0.0; }),
      unary_row("leaky_relu", away_from(0.0, shape), [](const Var& x) { return leaky_relu(x, 0.2f); },
                [](double x) { return x > 0.0 ? x : 0.2f * x; }),
      unary_row("clamp_min", away_from(0.25, shape), [](const Var& x) { return clamp_min(x, 0.25f); },
                [](double x) { return x > 0.25 ? x : 0.25; }),
      dropout_row("", 0.4f),
      dropout_row("none", 0.0f),
  });
  return rows;
}
// clang-format on

}  // namespace unmix::test
