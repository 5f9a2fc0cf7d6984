#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "autograd/loss_ops.h"
#include "tests/autograd/op_table.h"
#include "tests/support/op_references.h"

namespace unmix::test {
namespace {

// What an estimate is made of: the first input alone, or times the second; the target comes last.
struct Layout {
  std::string name;
  bool masked, shared_target;

  std::vector<OpInput> inputs() const {
    std::vector<OpInput> list{uniform({2, 3, 4})};
    if (masked) list.push_back(constant(uniform({3, 4})));
    list.push_back(constant(uniform(shared_target ? Shape{3, 4} : Shape{2, 3, 4}, -2.0, 2.0)));
    return list;
  }
  Estimate estimate(const Vars& v) const { return {v[0], masked ? v[1].value() : Tensor()}; }
  Tensor target(const Vars& v) const { return v.back().value(); }

  double estimate(const Arrays& in, size_t i) const {
    return in[0].values[i] * (masked ? in[1].values[i % in[1].values.size()] : 1.0);
  }
  double target(const Arrays& in, size_t i) const { return in.back().values[i % in.back().values.size()]; }
};

const std::vector<Layout> kLayouts = {
    {"plain", false, false}, {"masked", true, false}, {"shared_target", false, true}, {"masked_shared", true, true}};
constexpr size_t kRows = 2, kSize = 12;

OpRow distance_row(const Layout& layout, Distance kind) {
  const Reference errors = [=](const Arrays& in) {
    Doubles e;
    for (size_t i = 0; i < kRows * kSize; ++i) e.push_back(layout.estimate(in, i) - layout.target(in, i));
    return e;
  };
  const bool squared = kind == Distance::squared;
  const Reference reference = [=](const Arrays& in) {
    const Doubles e = errors(in);
    Doubles y(kRows);
    for (size_t i = 0; i < e.size(); ++i)
      y[i / kSize] += (squared ? e[i] * e[i] : std::fabs(e[i])) / static_cast<double>(kSize);
    return y;
  };
  return {"distance",      (squared ? "squared_" : "absolute_") + layout.name,
          layout.inputs(), [=](const Vars& v) { return distance(layout.estimate(v), layout.target(v), kind); },
          reference,       errors};
}

// Correlations, residuals.
Doubles reference_projection(const Doubles& z, const Doubles& y, size_t rows, bool optimal) {
  const size_t size = z.size() / rows;
  Doubles result(2 * rows);
  for (size_t r = 0; r < rows; ++r) {
    double product = 0.0, energy = 0x1p-23;
    for (size_t i = r * size; i < (r + 1) * size; ++i) {
      product += z[i] * y[i];
      energy += y[i] * y[i];
    }
    result[r] = product;
    for (size_t i = r * size; i < (r + 1) * size; ++i)
      result[rows + r] += std::pow(z[i] - (optimal ? product / energy : 1.0) * y[i], 2);
  }
  return result;
}

OpRow projection_row(const Layout& layout, Gain gain, Vectors vectors) {
  const bool one_vector = vectors == Vectors::all;
  const Reference reference = [=](const Arrays& in) {
    Doubles z, y;
    for (size_t i = 0; i < kRows * kSize; ++i) {
      z.push_back(layout.estimate(in, i));
      y.push_back(layout.target(in, i));
    }
    return reference_projection(z, y, one_vector ? 1 : kRows, gain == Gain::optimal);
  };
  const std::string name = gain == Gain::optimal ? "optimal_" : "unit_";
  return {"project", name + (one_vector ? "one_vector_" : "") + layout.name, layout.inputs(),
          [=](const Vars& v) {
            const Projection p = project(layout.estimate(v), layout.target(v), gain, vectors);
            return concat({p.correlation, p.residual}, 0);
          },
          reference};
}

OpRow binary_cross_entropy_row() {
  const Reference reference = [](const Arrays& in) {
    Doubles y(2);
    for (size_t i = 0; i < 12; ++i) {
      const double x = in[0].values[i], t = in[1].values[i];
      y[i / 6] += (t * std::log1p(std::exp(-x)) + (1.0 - t) * std::log1p(std::exp(x))) / 6.0;
    }
    return y;
  };
  return {"binary_cross_entropy",
          "",
          {uniform({2, 3, 2}, -4.0, 4.0), constant(uniform({2, 3, 2}, 0.0, 1.0))},
          [](const Vars& v) { return binary_cross_entropy(v[0], v[1].value()); },
          reference};
}

OpRow cross_entropy_row() {
  const std::vector<float> labels = {2, 0, 1, 1, 0};
  const Reference reference = [labels](const Arrays& in) {
    const Doubles& x = in[0].values;
    double y = 0.0;
    for (size_t i = 0; i < 5; ++i)
      y += std::log(std::exp(x[i]) + std::exp(x[5 + i]) + std::exp(x[10 + i])) -
           x[5 * static_cast<size_t>(labels[i]) + i];
    return Doubles{y / 5.0};
  };
  return {"cross_entropy",
          "",
          {uniform({3, 5}, -4.0, 4.0)},
          [labels](const Vars& v) { return cross_entropy(v[0], Tensor::from(labels, {5}, v[0].device())); },
          reference};
}

OpRow spectral_distances_row(float floor) {
  const Reference differences = [floor](const Arrays& in) {
    Doubles list;
    for (size_t i = 0; i < in[1].values.size(); ++i) {
      const double a = std::hypot(in[0].values[2 * i], in[0].values[2 * i + 1]);
      list.push_back(std::max<double>(a, floor) - std::max<double>(in[1].values[i], floor));
      list.push_back(a - floor);
    }
    return list;
  };
  const Reference reference = [floor](const Arrays& in) {
    Doubles y(4);
    for (size_t i = 0; i < in[1].values.size(); ++i) {
      const double a = std::max<double>(std::hypot(in[0].values[2 * i], in[0].values[2 * i + 1]), floor);
      const double b = std::max<double>(in[1].values[i], floor);
      const size_t k = i / 2 % 2;  // (frames 3, sources 2, bins 2)
      y[k] += (b - a) * (b - a);
      y[2 + k] += std::fabs(std::log(a) - std::log(b)) / 6.0;
    }
    return y;
  };
  return {"spectral_distances",
          floor > 0.1f ? "high_floor" : "",
          {uniform({3, 2, 2, 2}), constant(uniform({3, 2, 2}, 0.2, 2.0))},
          [floor](const Vars& v) {
            const SpectralDistances d = spectral_distances(v[0], v[1].value(), floor);
            return concat({d.squared, d.logarithmic}, 0);
          },
          reference,
          differences};
}

OpRow gram_difference_row(const std::string& variant, int64_t batch, int64_t m, int64_t n) {
  const Reference reference = [=](const Arrays& in) {
    Doubles y;
    for (int64_t b = 0; b < batch; ++b) {
      Doubles grams[2];
      for (size_t k = 0; k < 2; ++k) {
        const auto first = in[k].values.begin() + b * m * n;
        const Doubles x(first, first + m * n);
        grams[k] = reference_matmul(x, x, m, m, n, false, true);
      }
      std::transform(grams[0].begin(), grams[0].end(), grams[1].begin(), std::back_inserter(y), std::minus());
    }
    return y;
  };
  return {"gram_difference",
          variant,
          {uniform({batch, m, n}), constant(uniform({batch, m, n}))},
          [](const Vars& v) { return gram_difference(v[0], v[1].value()); },
          reference};
}

}  // namespace

// One row a line.
// clang-format off
std::vector<OpRow> loss_rows() {
  std::vector<OpRow> rows{binary_cross_entropy_row(), cross_entropy_row(), spectral_distances_row(1e-3f),
                          spectral_distances_row(0.6f), gram_difference_row("wide", 2, 3, 4),
                          gram_difference_row("tall", 1, 4, 2)};
  for (const Layout& layout : kLayouts) {
    for (const Distance kind : {Distance::squared, Distance::absolute}) rows.push_back(distance_row(layout, kind));
    for (const Gain gain : {Gain::one, Gain::optimal})
      for (const Vectors vectors : {Vectors::rows, Vectors::all}) rows.push_back(projection_row(layout, gain, vectors));
  }
  return rows;
}
// clang-format on

}  // namespace unmix::test
