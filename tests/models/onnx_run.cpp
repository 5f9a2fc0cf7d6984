// The operators of ONNX that models/onnx_export.cpp uses: onnx_reader.h says what for.
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "tests/models/onnx_reader.h"

namespace unmix::test {
namespace {

using Values = std::vector<const OnnxValue*>;

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

int64_t number(const OnnxNode& node, const std::string& name) { return node.numbers.at(name).at(0); }

OnnxValue filled(Shape shape) {
  const auto count = static_cast<size_t>(element_count(shape));
  return {std::move(shape), std::vector<double>(count)};
}

OnnxValue transpose(const OnnxNode& node, const OnnxValue& x) {
  const std::vector<int64_t>& perm = node.numbers.at("perm");
  OnnxValue y;
  for (const int64_t axis : perm) y.shape.push_back(x.shape.at(static_cast<size_t>(axis)));
  y = filled(y.shape);
  std::vector<size_t> stride(x.shape.size(), 1), index(x.shape.size(), 0);
  for (size_t axis = x.shape.size(); axis-- > 1;) stride[axis - 1] = stride[axis] * static_cast<size_t>(x.shape[axis]);
  for (double& value : y.data) {
    size_t at = 0;
    for (size_t axis = 0; axis < perm.size(); ++axis) at += index[axis] * stride[static_cast<size_t>(perm[axis])];
    value = x.data[at];
    for (size_t axis = perm.size(); axis-- > 0 && ++index[axis] == static_cast<size_t>(y.shape[axis]);) index[axis] = 0;
  }
  return y;
}

// Of the last axis, from its begin.
OnnxValue slice(const Values& in) {
  const OnnxValue& x = *in[0];
  require(in[1]->data[0] == 0 && in[3]->data[0] == static_cast<double>(x.shape.size() - 1), "Slice of another kind");
  OnnxValue y{x.shape, {}};
  y.shape.back() = static_cast<int64_t>(in[2]->data[0]);
  for (size_t row = 0; row < x.data.size(); row += static_cast<size_t>(x.shape.back()))
    for (size_t i = 0; i < static_cast<size_t>(y.shape.back()); ++i) y.data.push_back(x.data[row + i]);
  return y;
}

// `b` has the shape of `a`, or that of its last axis.
OnnxValue combined(OnnxValue a, const OnnxValue& b, const std::function<double(double, double)>& f) {
  require(a.shape == b.shape || b.shape == Shape{a.shape.back()}, "shapes that do not go together");
  for (size_t i = 0; i < a.data.size(); ++i) a.data[i] = f(a.data[i], b.data[i % b.data.size()]);
  return a;
}

OnnxValue mapped(OnnxValue x, double (*f)(double)) {
  for (double& value : x.data) value = f(value);
  return x;
}

OnnxValue reshape(OnnxValue x, const OnnxValue& shape) {
  int64_t known = 1;
  for (const double extent : shape.data) known *= extent < 0 ? 1 : static_cast<int64_t>(extent);
  x.shape.clear();
  for (const double extent : shape.data)
    x.shape.push_back(extent < 0 ? static_cast<int64_t>(x.data.size()) / known : static_cast<int64_t>(extent));
  require(element_count(x.shape) == static_cast<int64_t>(x.data.size()), "Reshape to another size");
  return x;
}

OnnxValue shape_of(const OnnxNode& node, const OnnxValue& x) {
  const size_t end = node.numbers.contains("end") ? static_cast<size_t>(number(node, "end")) : x.shape.size();
  return {{static_cast<int64_t>(end)}, {x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(end)}};
}

OnnxValue concat(const OnnxNode& node, const OnnxValue& a, const OnnxValue& b) {
  const auto axis = static_cast<size_t>(number(node, "axis"));
  require(axis == a.shape.size() - 1 && a.shape.size() == b.shape.size(), "Concat of another kind");
  OnnxValue y{a.shape, {}};
  y.shape[axis] += b.shape[axis];
  const int64_t wide_a = a.shape[axis], wide_b = b.shape[axis];
  for (auto i = a.data.begin(), j = b.data.begin(); i != a.data.end(); i += wide_a, j += wide_b) {
    y.data.insert(y.data.end(), i, i + wide_a);
    y.data.insert(y.data.end(), j, j + wide_b);
  }
  return y;
}

// x (rows, n) times the transpose of w (m, n)
OnnxValue gemm(const OnnxNode& node, const OnnxValue& x, const OnnxValue& w) {
  require(number(node, "transB") == 1 && x.shape.at(1) == w.shape.at(1), "Gemm of another kind");
  OnnxValue y = filled({x.shape[0], w.shape[0]});
  const auto n = x.shape[1];
  for (int64_t i = 0; i < x.shape[0]; ++i)
    for (int64_t j = 0; j < w.shape[0]; ++j)
      y.data[static_cast<size_t>(i * w.shape[0] + j)] =
          std::inner_product(x.data.begin() + i * n, x.data.begin() + (i + 1) * n, w.data.begin() + j * n, 0.0);
  return y;
}

OnnxValue batch_normalization(const OnnxNode& node, const Values& in) {
  OnnxValue y = *in[0];
  const size_t channels = in[1]->data.size();
  require(y.shape.size() == 2 && y.shape[1] == static_cast<int64_t>(channels), "BatchNormalization of another shape");
  for (size_t i = 0; i < y.data.size(); ++i) {
    const size_t c = i % channels;
    y.data[i] =
        (y.data[i] - in[3]->data[c]) / std::sqrt(in[4]->data[c] + double{node.reals.at("epsilon")}) * in[1]->data[c] +
        in[2]->data[c];
  }
  return y;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Of one direction and one sequence. i, o, f, c: rows of W and R, biases of W then of R.
void lstm_sequence(const Values& in, int64_t direction, int64_t sequence, OnnxValue& y) {
  const OnnxValue& x = *in[0];
  const int64_t frames = x.shape[0], batch = x.shape[1], inputs = x.shape[2], units = y.shape[3];
  std::vector<double> h(static_cast<size_t>(units)), c(h), gates(4 * h.size());
  const auto w = in[1]->data.begin() + direction * 4 * units * inputs;
  const auto r = in[2]->data.begin() + direction * 4 * units * units, b = in[3]->data.begin() + direction * 8 * units;
  for (int64_t step = 0; step < frames; ++step) {
    const int64_t frame = direction == 0 ? step : frames - 1 - step;
    const auto at = x.data.begin() + (frame * batch + sequence) * inputs;
    for (int64_t row = 0; row < 4 * units; ++row)
      gates[static_cast<size_t>(row)] =
          std::inner_product(at, at + inputs, w + row * inputs, b[row] + b[4 * units + row]) +
          std::inner_product(h.begin(), h.end(), r + row * units, 0.0);
    for (size_t u = 0, n = h.size(); u < n; ++u) {
      c[u] = sigmoid(gates[2 * n + u]) * c[u] + sigmoid(gates[u]) * std::tanh(gates[3 * n + u]);
      h[u] = sigmoid(gates[n + u]) * std::tanh(c[u]);
      y.data[static_cast<size_t>(((frame * y.shape[1] + direction) * batch + sequence) * units) + u] = h[u];
    }
  }
}

OnnxValue lstm(const OnnxNode& node, const Values& in) {
  const int64_t directions = node.texts.at("direction") == "bidirectional" ? 2 : 1, units = number(node, "hidden_size");
  const int64_t inputs = in[0]->shape.at(2), batch = in[0]->shape[1];
  require(in[1]->shape == Shape{directions, 4 * units, inputs} && in[2]->shape == Shape{directions, 4 * units, units} &&
              in[3]->shape == Shape{directions, 8 * units},
          "LSTM of other shapes");
  OnnxValue y = filled({in[0]->shape[0], directions, batch, units});
  for (int64_t direction = 0; direction < directions; ++direction)
    for (int64_t sequence = 0; sequence < batch; ++sequence) lstm_sequence(in, direction, sequence, y);
  return y;
}

OnnxValue run_node(const OnnxNode& node, const Values& in) {
  const std::string& type = node.type;
  if (type == "Transpose") return transpose(node, *in.at(0));
  if (type == "Slice") return slice(in);
  if (type == "Add") return combined(*in.at(0), *in.at(1), std::plus<>());
  if (type == "Mul") return combined(*in.at(0), *in.at(1), std::multiplies<>());
  if (type == "Tanh") return mapped(*in.at(0), [](double x) { return std::tanh(x); });
  if (type == "Relu") return mapped(*in.at(0), [](double x) { return std::max(x, 0.0); });
  if (type == "Reshape") return reshape(*in.at(0), *in.at(1));
  if (type == "Shape") return shape_of(node, *in.at(0));
  if (type == "Concat") return concat(node, *in.at(0), *in.at(1));
  if (type == "Gemm") return gemm(node, *in.at(0), *in.at(1));
  if (type == "BatchNormalization") return batch_normalization(node, in);
  if (type == "LSTM") return lstm(node, in);
  throw std::runtime_error("unknown operator " + type);
}

}  // namespace

std::map<std::string, OnnxValue> run_onnx(const OnnxModel& model, const std::map<std::string, OnnxValue>& inputs) {
  std::map<std::string, OnnxValue> values = model.constants;
  values.insert(inputs.begin(), inputs.end());
  for (const OnnxNode& node : model.nodes) {
    Values in;
    for (const std::string& name : node.inputs) {
      require(values.contains(name), "nothing gives " + name);
      in.push_back(&values.at(name));
    }
    require(node.outputs.size() == 1 && values.emplace(node.outputs[0], run_node(node, in)).second,
            "a second " + node.outputs[0]);
  }
  std::map<std::string, OnnxValue> outputs;
  for (const auto& [name, axes] : model.outputs) outputs[name] = values.at(name);
  return outputs;
}

}  // namespace unmix::test
