#include <numeric>

#include "autograd/ops.h"
#include "tests/autograd/op_table.h"

namespace unmix::test {
namespace {

const Shape kShape{2, 3, 4};

int64_t inner_of(const Shape& shape, int axis) { return element_count({shape.begin() + axis + 1, shape.end()}); }

std::string axis_name(int axis) { return axis < 0 ? "axis_last" : "axis_" + std::to_string(axis); }

int from_front(const Shape& shape, int axis) { return axis < 0 ? axis + static_cast<int>(shape.size()) : axis; }

OpRow sum_axis_row(const Shape& shape, int axis) {
  const Reference reference = [axis](const Arrays& in) {
    const Shape& s = in[0].shape;
    const int at = from_front(s, axis);
    const int64_t inner = inner_of(s, at), length = s[static_cast<size_t>(at)];
    std::vector<double> y(in[0].values.size() / static_cast<size_t>(length));
    for (int64_t i = 0; i < element_count(s); ++i)
      y[static_cast<size_t>(i / (inner * length) * inner + i % inner)] += in[0][i];
    return y;
  };
  return {"sum_axis",
          axis_name(axis) + "_of_" + std::to_string(shape.size()),
          {uniform(shape)},
          [axis](const Vars& v) { return sum_axis(v[0], axis); },
          reference};
}

OpRow permute_row(const Shape& shape, const std::vector<int>& order) {
  std::string variant;
  for (const int axis : order) variant += std::to_string(axis);
  const Reference reference = [order](const Arrays& in) {
    Shape extent;
    for (const int axis : order) extent.push_back(in[0].shape[static_cast<size_t>(axis)]);
    std::vector<double> y;
    std::vector<int64_t> index(order.size(), 0);
    for (int64_t i = 0; i < element_count(extent); ++i) {
      int64_t source = 0;
      for (size_t axis = 0; axis < order.size(); ++axis) source += index[axis] * inner_of(in[0].shape, order[axis]);
      y.push_back(in[0][source]);
      for (size_t axis = order.size(); axis-- > 0 && ++index[axis] == extent[axis];) index[axis] = 0;
    }
    return y;
  };
  return {"permute", variant, {uniform(shape)}, [order](const Vars& v) { return permute(v[0], order); }, reference};
}

// Parts of 2, 1 and 3 along the axis.
OpRow concat_row(int axis) {
  std::vector<OpInput> inputs;
  for (const int64_t length : {2, 1, 3}) {
    Shape shape = kShape;
    shape[static_cast<size_t>(from_front(kShape, axis))] = length;
    inputs.push_back(uniform(shape));
  }
  const Reference reference = [axis](const Arrays& in) {
    const int at = from_front(in[0].shape, axis);
    const int64_t outer = element_count({in[0].shape.begin(), in[0].shape.begin() + at});
    std::vector<double> y;
    for (int64_t row = 0; row < outer; ++row)
      for (const Array& part : in) {
        const int64_t width = static_cast<int64_t>(part.values.size()) / outer;
        y.insert(y.end(), part.values.begin() + row * width, part.values.begin() + (row + 1) * width);
      }
    return y;
  };
  return {"concat", axis_name(axis), inputs, [axis](const Vars& v) { return concat(v, axis); }, reference};
}

// Value i along the axis, from `begin` up to `end`, of x; zero where x has none: slice and pad.
Reference window(int axis, int64_t begin, int64_t end) {
  return [=](const Arrays& in) {
    const Shape& s = in[0].shape;
    const int at = from_front(s, axis);
    const int64_t inner = inner_of(s, at), length = s[static_cast<size_t>(at)];
    std::vector<double> y;
    for (int64_t outer = 0; outer < element_count(s) / (inner * length); ++outer)
      for (int64_t i = begin; i < end; ++i)
        for (int64_t j = 0; j < inner; ++j)
          y.push_back(i < 0 || i >= length ? 0.0 : in[0][(outer * length + i) * inner + j]);
    return y;
  };
}

OpRow slice_row(int axis, int64_t begin, int64_t end) {
  return {"slice",
          axis_name(axis) + "_from_" + std::to_string(begin) + "_to_" + std::to_string(end),
          {uniform(kShape)},
          [=](const Vars& v) { return slice(v[0], axis, begin, end); },
          window(axis, begin, end)};
}

OpRow pad_row(int axis, int64_t before, int64_t after) {
  const int64_t length = kShape[static_cast<size_t>(from_front(kShape, axis))];
  return {"pad",
          axis_name(axis) + "_by_" + std::to_string(before) + "_and_" + std::to_string(after),
          {uniform(kShape)},
          [=](const Vars& v) { return pad(v[0], axis, before, after); },
          window(axis, -before, length + after)};
}

Reference same_values() {
  return [](const Arrays& in) {
    std::vector<double> y;
    for (const Array& part : in) y.insert(y.end(), part.values.begin(), part.values.end());
    return y;
  };
}

Reference total(bool divided) {
  return [divided](const Arrays& in) {
    const double sum = std::accumulate(in[0].values.begin(), in[0].values.end(), 0.0);
    return std::vector<double>{divided ? sum / static_cast<double>(in[0].values.size()) : sum};
  };
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> shape_rows() {
  const Function to_sum = [](const Vars& v) { return sum(v[0]); };
  const Function to_mean = [](const Vars& v) { return mean(v[0]); };
  return {
      {"sum", "", {uniform(kShape)}, to_sum, total(false)},
      {"sum", "scalar", {uniform({})}, to_sum, total(false)},
      {"mean", "", {uniform(kShape)}, to_mean, total(true)},
      {"mean", "scalar", {uniform({})}, to_mean, total(true)},
      sum_axis_row(kShape, 0), sum_axis_row(kShape, 1), sum_axis_row(kShape, 2), sum_axis_row(kShape, -1),
      sum_axis_row({5}, 0), sum_axis_row({1, 4}, 1), sum_axis_row({4, 1}, 0), sum_axis_row({2, 70, 2, 1}, 1),
      {"reshape", "", {uniform({2, 6})}, [](const Vars& v) { return reshape(v[0], {3, 4}); }, same_values()},
      {"reshape", "inferred", {uniform({2, 6})}, [](const Vars& v) { return reshape(v[0], {-1, 2, 2}); },
       same_values()},
      {"reshape", "scalar", {uniform({1, 1})}, [](const Vars& v) { return reshape(v[0], {}); }, same_values()},
      permute_row({3}, {0}), permute_row({2, 3}, {1, 0}), permute_row(kShape, {0, 2, 1}),
      permute_row(kShape, {1, 0, 2}), permute_row(kShape, {2, 0, 1}), permute_row(kShape, {1, 2, 0}),
      permute_row(kShape, {2, 1, 0}),
      permute_row({2, 3, 2, 4}, {3, 1, 0, 2}),
      concat_row(0), concat_row(1), concat_row(2), concat_row(-1),
      {"concat", "one", {uniform(kShape)}, [](const Vars& v) { return concat(v, 0); }, same_values()},
      slice_row(0, 1, 2), slice_row(1, 0, 2), slice_row(2, 1, 4), slice_row(-1, 3, 4), slice_row(1, 0, 3),
      slice_row(1, 2, 2),
      pad_row(0, 1, 0), pad_row(1, 0, 2), pad_row(2, 2, 1), pad_row(-1, 1, 1), pad_row(1, 0, 0),
      {"stack", "", {uniform({2, 3}), uniform({2, 3}), uniform({2, 3})}, [](const Vars& v) { return stack(v); },
       same_values()},
      {"stack", "one", {uniform({2, 3})}, [](const Vars& v) { return stack(v); }, same_values()},
      {"stack", "scalars", {uniform({}), uniform({})}, [](const Vars& v) { return stack(v); }, same_values()},
  };
}
// clang-format on

}  // namespace unmix::test
