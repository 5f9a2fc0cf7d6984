#include "autograd/ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/op_references.h"

namespace unmix::test {
namespace {

constexpr int64_t kM = 3, kK = 4, kN = 2;

OpRow matmul_row(bool transpose_a, bool transpose_b, int64_t batch) {
  Shape a = transpose_a ? Shape{kK, kM} : Shape{kM, kK}, b = transpose_b ? Shape{kN, kK} : Shape{kK, kN};
  if (batch > 0) a.insert(a.begin(), batch), b.insert(b.begin(), batch);
  const Reference reference = [=](const Arrays& in) {
    Doubles y;
    for (int64_t i = 0; i < std::max<int64_t>(batch, 1); ++i) {
      const auto part = [&](const Array& x, int64_t size) {
        return Doubles(x.values.begin() + i * size, x.values.begin() + (i + 1) * size);
      };
      const Doubles c =
          reference_matmul(part(in[0], kM * kK), part(in[1], kK * kN), kM, kN, kK, transpose_a, transpose_b);
      y.insert(y.end(), c.begin(), c.end());
    }
    return y;
  };
  const std::string variant = std::string(transpose_a ? "t" : "n") + (transpose_b ? "t" : "n");
  return {"matmul",
          batch > 0 ? variant + "_batch" : variant,
          {uniform(a), uniform(b)},
          [=](const Vars& v) {
            return matmul(v[0], v[1], {transpose_a, transpose_b});
          },
          reference};
}

OpRow linear_row(const std::string& variant, Shape x, bool bias) {
  std::vector<OpInput> inputs{uniform(std::move(x)), uniform({kN, kK})};
  if (bias) inputs.push_back(uniform({kN}));
  const Reference reference = [bias](const Arrays& in) {
    const int64_t rows = static_cast<int64_t>(in[0].values.size()) / kK;
    Doubles y = reference_matmul(in[0].values, in[1].values, rows, kN, kK, false, true);
    for (size_t i = 0; i < y.size(); ++i) y[i] += bias ? in[2].values[i % kN] : 0.0;
    return y;
  };
  return {"linear", variant, inputs,
          [](const Vars& v) { return v.size() == 3 ? linear(v[0], v[1], v[2]) : linear(v[0], v[1]); }, reference};
}

OpRow conv_row(const std::string& variant, const Conv2dShape& s, bool bias) {
  std::vector<OpInput> inputs{uniform({s.batch, s.in, s.height, s.width}), uniform({s.out, s.in, s.kernel, s.kernel})};
  if (bias) inputs.push_back(uniform({s.out}));
  const Reference reference = [s, bias](const Arrays& in) {
    Doubles y = reference_conv2d(s, in[0].values, in[1].values);
    const int64_t plane = s.out_height() * s.out_width();
    for (size_t i = 0; bias && i < y.size(); ++i) y[i] += in[2][static_cast<int64_t>(i) / plane % s.out];
    return y;
  };
  const Function function = [s](const Vars& v) {
    return conv2d(v[0], v[1], v.size() == 3 ? v[2] : Var(), s.stride, s.padding);
  };
  return {"conv2d", variant, inputs, function, reference};
}

OpRow pool_row(const std::string& variant, Shape x, int64_t kernel, int64_t stride) {
  return {"max_pool2d",
          variant,
          {distinct(std::move(x))},
          [=](const Vars& v) { return max_pool2d(v[0], kernel, stride); },
          [=](const Arrays& in) { return reference_max_pool2d(in[0], kernel, stride); }};
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> product_rows() {
  std::vector<OpRow> rows;
  for (const int64_t batch : {0, 2})
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true}) rows.push_back(matmul_row(transpose_a, transpose_b, batch));
  const std::vector<OpRow> others = {
      linear_row("", {3, kK}, true),
      linear_row("no_bias", {3, kK}, false),
      linear_row("three_axes", {2, 3, kK}, true),
      linear_row("vector", {kK}, true),
      // batch, in, height, width, out; kernel, stride, padding
      conv_row("valid", {2, 2, 4, 5, 3, 3, 1, 0}, false),
      conv_row("padded", {2, 2, 4, 3, 3, 3, 1, 1}, true),
      conv_row("stride_2", {1, 2, 6, 5, 2, 4, 2, 1}, true),
      conv_row("left_over", {1, 1, 6, 4, 2, 3, 2, 0}, true),
      conv_row("points", {2, 3, 2, 3, 2, 1, 1, 0}, true),
      conv_row("wide_padding", {1, 1, 2, 3, 1, 2, 1, 2}, false),
      pool_row("", {2, 2, 4, 4}, 2, 2),
      pool_row("overlap", {1, 2, 5, 5}, 3, 2),
      pool_row("overlap_by_all_but_one", {1, 1, 4, 5}, 3, 1),
      pool_row("gaps", {1, 1, 5, 6}, 2, 3),
      pool_row("left_over", {1, 1, 5, 5}, 2, 2),
      pool_row("points", {1, 2, 2, 2}, 1, 1),
  };
  rows.insert(rows.end(), others.begin(), others.end());
  return rows;
}
// clang-format on

}  // namespace unmix::test
