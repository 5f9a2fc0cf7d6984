// Of a = max(|S|, floor), b = max(T, floor): sum (b - a)^2 and mean |ln a - ln b|, read from the complex spectrum, with
//   dS = [2 (a - b) dy_0 + sign(a - b) / (a n) dy_1] S / |S| where |S| > floor, 0 elsewhere.
#include <cmath>

#include "autograd/loss_ops.h"
#include "base/error.h"
#include "tensor/launch.h"
#include "tensor/math.h"

namespace unmix {
namespace {

// A row is one frame of one source.
struct Pairs {
  const float *spectrum, *target;
  int64_t cols;
  float floor;
  HD float estimate(int64_t i) const {
    const float re = spectrum[2 * i], im = spectrum[2 * i + 1], magnitude = std::sqrt(re * re + im * im);
    return magnitude < floor ? floor : magnitude;  // NaN stays
  }
  HD float wanted(int64_t i) const { return target[i] < floor ? floor : target[i]; }
  HD Values<float, 3> operator()(int64_t row, int64_t col) const {
    const float a = estimate(row * cols + col), b = wanted(row * cols + col);
    return {{(b - a) * (b - a), std::fabs(log_approx(a / b)), b * b}};
  }
};

struct StoreRow {
  double* sums;  // (rows, 3)
  HD void operator()(int64_t row, const Values<double, 3>& s) const {
    for (int i = 0; i < 3; ++i) sums[3 * row + i] = s[i];
  }
};

// values (2, sources), energy (sources)
struct AddFrames {
  const double* sums;
  int64_t frames, sources;
  double size;  // values of a source
  float *values, *energy;
  HD void operator()(int64_t k) const {
    double total[3] = {};
    for (int64_t f = 0; f < frames; ++f)
      for (int i = 0; i < 3; ++i) total[i] += sums[3 * (f * sources + k) + i];
    values[k] = static_cast<float>(total[0]);
    values[sources + k] = static_cast<float>(total[1] / size);
    energy[k] = static_cast<float>(total[2]);
  }
};

struct SpectrumGradient {
  Pairs pairs;
  const float* dy;  // (2, sources)
  Divider of_sources;
  float per_value;
  float* dx;
  HD void operator()(int64_t row, int64_t col) const {
    const int64_t i = row * pairs.cols + col, sources = of_sources.divisor(), k = of_sources.remainder(row);
    const float a = pairs.estimate(i), b = pairs.wanted(i);
    const float sign = a > b ? 1.0f : a < b ? -1.0f : 0.0f;
    const float slope = a > pairs.floor ? (2.0f * (a - b) * dy[k] + sign * per_value / a * dy[sources + k]) / a : 0.0f;
    dx[2 * i] = slope * pairs.spectrum[2 * i];
    dx[2 * i + 1] = slope * pairs.spectrum[2 * i + 1];
  }
};

}  // namespace

SpectralDistances spectral_distances(const Var& spectrum, const Tensor& target, float floor) {
  Shape shape = target.shape();
  shape.push_back(2);
  check(target.rank() >= 2 && target.size() > 0 && spectrum.shape() == shape, "spectral_distances",
        "spectrum {} does not fit the magnitudes {}: (frames, sources, ..., 2) and (frames, sources, ...) are expected",
        to_string(spectrum.shape()), to_string(target.shape()));
  const Tensor s = spectrum.value();
  const Device device = s.device();
  const int64_t frames = target.dim(0), sources = target.dim(1), rows = frames * sources, cols = target.size() / rows;
  const double size = static_cast<double>(frames * cols);
  Tensor values = Tensor::empty({2, sources}, device), energy = Tensor::empty({sources}, device);
  const auto buffer = allocate(2 * 3 * rows, device);
  auto* sums = reinterpret_cast<double*>(buffer.get());
  reduce_rows<3>(device, rows, cols, Pairs{s.data(), target.data(), cols, floor}, StoreRow{sums});
  parallel_for(device, sources, AddFrames{sums, frames, sources, size, values.data(), energy.data()});
  const Var both = make_var(values, {spectrum}, [=](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(s.shape(), device);
    parallel_for(device, rows, cols,
                 SpectrumGradient{{s.data(), target.data(), cols, floor},
                                  dy.data(),
                                  Divider(sources),
                                  static_cast<float>(1.0 / size),
                                  dx.data()});
    gradients.add(0, dx);
  });
  const auto part = [&](int64_t i) { return reshape(slice(both, 0, i, i + 1), {sources}); };
  return {part(0), part(1), energy};
}

}  // namespace unmix
