// <z,y>, |y|^2 and |z - a y|^2 of estimates z and targets y, a = 1 or <z,y> / (|y|^2 + eps), with
//   d<z,y> = y,  d|z - y|^2 = 2 (z - y),
//   d|z - a y|^2 = 2 (z - a y) + 2 (a |y|^2 - <z,y>) / (|y|^2 + eps) y       (the last term vanishes with eps)
#include "autograd/estimate.h"

namespace unmix {
namespace {

// What is known of a row, in double.
struct RowSums {
  double correlation, energy, gain, residual;
};

template <class Reader>
struct Products {
  Reader estimate;
  TargetRows target;
  HD Values<float, 2> operator()(int64_t row, int64_t col) const {
    const float z = estimate.value(row, col), y = target.value(row, col);
    return {{z * y, y * y}};
  }
};

struct StoreProducts {
  RowSums* sums;
  HD void operator()(int64_t row, const Values<double, 2>& s) const { sums[row] = {s[0], s[1], 1.0, 0.0}; }
};

// Gives every row the sums over all rows.
struct JoinProducts {
  RowSums* sums;
  int64_t rows;
  HD void operator()(int64_t /*only*/) const {
    double correlation = 0.0, energy = 0.0;
    for (int64_t r = 0; r < rows; ++r) {
      correlation += sums[r].correlation;
      energy += sums[r].energy;
    }
    for (int64_t r = 0; r < rows; ++r) sums[r] = {correlation, energy, 1.0, 0.0};
  }
};

struct OptimalGain {
  RowSums* sums;
  HD void operator()(int64_t row) const { sums[row].gain = sums[row].correlation / (sums[row].energy + kLossEps); }
};

template <class Reader>
struct Residual {
  Reader estimate;
  TargetRows target;
  const RowSums* sums;
  HD Values<float, 1> operator()(int64_t row, int64_t col) const {
    const float e = estimate.value(row, col) - static_cast<float>(sums[row].gain) * target.value(row, col);
    return {{e * e}};
  }
};

struct StoreResidual {
  RowSums* sums;
  HD void operator()(int64_t row, const Values<double, 1>& s) const { sums[row].residual = s[0]; }
};

// values (2, outputs) and energy (outputs); `rows` residuals are added up for each output.
struct Export {
  const RowSums* sums;
  int64_t outputs, rows;
  float *values, *energy;
  HD void operator()(int64_t i) const {
    double residual = 0.0;
    for (int64_t r = 0; r < rows; ++r) residual += sums[i * rows + r].residual;
    values[i] = static_cast<float>(sums[i].correlation);
    values[outputs + i] = static_cast<float>(residual);
    energy[i] = static_cast<float>(sums[i].energy);
  }
};

template <class Reader>
struct InputGradient {
  Reader estimate;
  TargetRows target;
  const RowSums* sums;
  const float* dvalues;  // (2, outputs)
  int64_t outputs;
  Divider rows;  // of an output
  bool optimal;
  float* dx;
  HD void operator()(int64_t row, int64_t col) const {
    const RowSums& s = sums[row];
    const int64_t output = rows.quotient(row);
    const float of_correlation = dvalues[output], of_residual = dvalues[outputs + output];
    const float y = target.value(row, col), e = estimate.value(row, col) - static_cast<float>(s.gain) * y;
    const double drift = optimal ? (s.gain * s.energy - s.correlation) / (s.energy + kLossEps) : 0.0;
    const float along = of_correlation + 2.0f * of_residual * static_cast<float>(drift);
    dx[row * estimate.cols + col] = (2.0f * of_residual * e + along * y) * estimate.slope(col);
  }
};

struct Rows {
  Device device;
  int64_t rows, cols;
  TargetRows target;
};

template <class Reader>
void sum_rows(const Rows& r, const Reader& reader, Gain gain, Vectors vectors, RowSums* sums) {
  reduce_rows<2>(r.device, r.rows, r.cols, Products<Reader>{reader, r.target}, StoreProducts{sums});
  if (vectors == Vectors::all) parallel_for(r.device, 1, JoinProducts{sums, r.rows});
  if (gain == Gain::optimal) parallel_for(r.device, r.rows, OptimalGain{sums});
  reduce_rows<1>(r.device, r.rows, r.cols, Residual<Reader>{reader, r.target, sums}, StoreResidual{sums});
}

}  // namespace

Projection project(const Estimate& estimate, const Tensor& target, Gain gain, Vectors vectors) {
  const int64_t cols = check_estimate("project", estimate, target), rows = estimate.input.dim(0);
  const int64_t outputs = vectors == Vectors::all ? 1 : rows, joined = vectors == Vectors::all ? rows : 1;
  const Device device = estimate.input.device();
  const auto buffer = allocate(rows * static_cast<int64_t>(sizeof(RowSums) / sizeof(float)), device);
  auto* sums = reinterpret_cast<RowSums*>(buffer.get());
  const Rows shape{device, rows, cols, rows_of(target, rows, cols)};
  with_reader(estimate, cols, [&](auto reader) { sum_rows(shape, reader, gain, vectors, sums); });
  Tensor values = Tensor::empty({2, outputs}, device), energy = Tensor::empty({outputs}, device);
  parallel_for(device, outputs, Export{sums, outputs, joined, values.data(), energy.data()});

  const Tensor input = estimate.input.value(), magnitude = estimate.magnitude;
  const Var both = make_var(values, {estimate.input}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(input.shape(), device);
    const auto* row_sums = reinterpret_cast<const RowSums*>(buffer.get());
    with_reader({Var(input), magnitude}, cols, [&](auto reader) {
      parallel_for(device, rows, cols,
                   InputGradient<decltype(reader)>{reader, rows_of(target, rows, cols), row_sums, dy.data(), outputs,
                                                   Divider(joined), gain == Gain::optimal, dx.data()});
    });
    gradients.add(0, dx);
  });
  const auto part = [&](int64_t i) { return reshape(slice(both, 0, i, i + 1), {outputs}); };
  return {part(0), part(1), energy};
}

}  // namespace unmix
