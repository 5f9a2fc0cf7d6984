// Reshape, permute, concat, slice, pad, stack: moves of values, whose gradients are the moves back.
#include <algorithm>
#include <numeric>

#include "autograd/ops.h"
#include "base/error.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

constexpr int kMaxRank = 8;

// Copies rows of `cols` values between blocks of memory with their own row lengths.
struct CopyRows {
  const float* from;
  int64_t from_stride;
  float* to;
  int64_t to_stride;
  HD void operator()(int64_t row, int64_t col) const { to[row * to_stride + col] = from[row * from_stride + col]; }
};

struct Axis {
  Divider extent{1};
  int64_t stride = 0;  // in the source
};

struct Permute {
  const float* from;
  float* to;
  int rank;
  Axis axes[kMaxRank];  // of the result, the last first
  HD void operator()(int64_t i) const {
    int64_t rest = i, source = 0;
    for (int axis = 0; axis < rank; ++axis) {
      const int64_t above = axes[axis].extent.quotient(rest);
      source += (rest - above * axes[axis].extent.divisor()) * axes[axis].stride;
      rest = above;
    }
    to[i] = from[source];
  }
};

// A tensor around one axis: (outer, length, inner).
struct Split {
  int64_t outer, length, inner;
};

Split split(const Shape& shape, int axis, const char* op) {
  const int rank = static_cast<int>(shape.size()), at = axis < 0 ? axis + rank : axis;
  check(at >= 0 && at < rank, op, "shape {} has no axis {}", to_string(shape), axis);
  return {element_count({shape.begin(), shape.begin() + at}), shape[static_cast<size_t>(at)],
          element_count({shape.begin() + at + 1, shape.end()})};
}

Shape with_extent(Shape shape, int axis, int64_t extent) {
  shape[static_cast<size_t>(axis < 0 ? axis + static_cast<int>(shape.size()) : axis)] = extent;
  return shape;
}

// x[..., begin:end, ...] along the axis.
Tensor cut(const Tensor& x, int axis, int64_t begin, int64_t end) {
  const Split s = split(x.shape(), axis, "slice");
  Tensor y = Tensor::empty(with_extent(x.shape(), axis, end - begin), x.device());
  const int64_t width = (end - begin) * s.inner;
  parallel_for(x.device(), s.outer, width, CopyRows{x.data() + begin * s.inner, s.length * s.inner, y.data(), width});
  return y;
}

// Writes x to y[..., begin:, ...] along the axis.
void paste(const Tensor& x, Tensor& y, int axis, int64_t begin) {
  const Split from = split(x.shape(), axis, "concat"), to = split(y.shape(), axis, "concat");
  const int64_t width = from.length * from.inner;
  parallel_for(x.device(), from.outer, width,
               CopyRows{x.data(), width, y.data() + begin * to.inner, to.length * to.inner});
}

Tensor padded(const Tensor& x, int axis, int64_t before, int64_t after) {
  Tensor y = Tensor::zeros(with_extent(x.shape(), axis, before + x.dim(axis) + after), x.device());
  paste(x, y, axis, before);
  return y;
}

Tensor permuted(const Tensor& x, const std::vector<int>& order) {
  Permute move{x.data(), nullptr, x.rank(), {}};
  Shape shape(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    shape[i] = x.dim(order[i]);
    move.axes[order.size() - 1 - i] = {Divider(shape[i]),
                                       element_count({x.shape().begin() + order[i] + 1, x.shape().end()})};
  }
  Tensor y = Tensor::empty(shape, x.device());
  move.to = y.data();
  parallel_for(x.device(), y.size(), move);
  return y;
}

}  // namespace

Var reshape(const Var& x, Shape shape) {
  return make_var(
      x.value().reshape(std::move(shape)), {x},
      [before = x.shape()](const Tensor& dy, Gradients& gradients) { gradients.add(0, dy.reshape(before)); });
}

Var permute(const Var& x, const std::vector<int>& order) {
  std::vector<int> back(order.size()), sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> axes(x.shape().size());
  std::iota(axes.begin(), axes.end(), 0);
  check(sorted == axes && axes.size() <= kMaxRank, "permute", "order {} does not name each axis of shape {} once",
        fmt::join(order, " "), to_string(x.shape()));
  for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return make_var(permuted(x.value(), order), {x},
                  [back](const Tensor& dy, Gradients& gradients) { gradients.add(0, permuted(dy, back)); });
}

Var concat(const std::vector<Var>& parts, int axis) {
  check(!parts.empty(), "concat", "there is nothing to join");
  int64_t length = 0;
  for (const Var& part : parts) {
    length += split(part.shape(), axis, "concat").length;
    check(with_extent(part.shape(), axis, 0) == with_extent(parts[0].shape(), axis, 0), "concat",
          "shapes {} and {} differ in more than axis {}", to_string(parts[0].shape()), to_string(part.shape()), axis);
  }
  Tensor y = Tensor::empty(with_extent(parts[0].shape(), axis, length), parts[0].device());
  std::vector<int64_t> starts{0};
  for (const Var& part : parts) {
    paste(part.value(), y, axis, starts.back());
    starts.push_back(starts.back() + part.dim(axis));
  }
  return make_var(y, parts, [starts, axis](const Tensor& dy, Gradients& gradients) {
    for (size_t i = 0; i + 1 < starts.size(); ++i)
      if (gradients.wanted(i)) gradients.add(i, cut(dy, axis, starts[i], starts[i + 1]));
  });
}

Var slice(const Var& x, int axis, int64_t begin, int64_t end) {
  const int64_t length = split(x.shape(), axis, "slice").length;
  check(0 <= begin && begin <= end && end <= length, "slice", "{} to {} is outside axis {} of shape {}", begin, end,
        axis, to_string(x.shape()));
  return make_var(cut(x.value(), axis, begin, end), {x}, [=](const Tensor& dy, Gradients& gradients) {
    gradients.add(0, padded(dy, axis, begin, length - end));
  });
}

Var pad(const Var& x, int axis, int64_t before, int64_t after) {
  const int64_t length = split(x.shape(), axis, "pad").length;
  check(before >= 0 && after >= 0, "pad", "cannot pad by {} and {}", before, after);
  return make_var(padded(x.value(), axis, before, after), {x}, [=](const Tensor& dy, Gradients& gradients) {
    gradients.add(0, cut(dy, axis, before, before + length));
  });
}

Var stack(const std::vector<Var>& parts) {
  check(!parts.empty(), "stack", "there is nothing to stack");
  const Tensor& first = parts[0].value();
  bool in_place = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Tensor& part = parts[i].value();
    check(part.shape() == first.shape(), "stack", "shapes {} and {} differ", to_string(first.shape()),
          to_string(part.shape()));
    in_place =
        in_place && part.shares_buffer(first) && part.data() == first.data() + static_cast<int64_t>(i) * first.size();
  }
  Shape shape = first.shape();
  shape.insert(shape.begin(), static_cast<int64_t>(parts.size()));
  Tensor y;
  if (in_place) {
    y = first.extended(shape);
  } else {
    y = Tensor::empty(shape, first.device());
    for (size_t i = 0; i < parts.size(); ++i) y[static_cast<int64_t>(i)].copy_from(parts[i].value());
  }
  return make_var(y, parts, [](const Tensor& dy, Gradients& gradients) {
    for (int64_t i = 0; i < dy.dim(0); ++i) gradients.add(static_cast<size_t>(i), dy[i]);
  });
}

}  // namespace unmix
