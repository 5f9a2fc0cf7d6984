#include "tests/support/op_references.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace unmix::test {
namespace {

double at(const Doubles& values, int64_t i) { return values[static_cast<size_t>(i)]; }
double& at(Doubles& values, int64_t i) { return values[static_cast<size_t>(i)]; }

double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// One direction over one sequence.
void run_lstm(const LstmShape& s, const Doubles& x, const Doubles* weights, int64_t sequence, bool backwards,
              int64_t offset, Doubles& y) {
  const int64_t hidden = s.hidden, width = s.directions * hidden;
  Doubles h(static_cast<size_t>(hidden), 0.0), c = h, gates(static_cast<size_t>(4 * hidden));
  for (int64_t step = 0; step < s.steps; ++step) {
    const int64_t row = (backwards ? s.steps - 1 - step : step) * s.batch + sequence;
    for (int64_t j = 0; j < 4 * hidden; ++j) {
      double sum = at(weights[2], j) + at(weights[3], j);
      for (int64_t i = 0; i < s.input; ++i) sum += at(weights[0], j * s.input + i) * at(x, row * s.input + i);
      for (int64_t i = 0; i < hidden; ++i) sum += at(weights[1], j * hidden + i) * at(h, i);
      at(gates, j) = sum;
    }
    for (int64_t j = 0; j < hidden; ++j) {
      at(c, j) =
          logistic(at(gates, hidden + j)) * at(c, j) + logistic(at(gates, j)) * std::tanh(at(gates, 2 * hidden + j));
      at(h, j) = logistic(at(gates, 3 * hidden + j)) * std::tanh(at(c, j));
      at(y, row * width + offset + j) = at(h, j);
    }
  }
}

std::complex<double> twiddle(int64_t k, int64_t i, int64_t n, double sign) {
  return std::polar(1.0, sign * 2.0 * std::numbers::pi * static_cast<double>(k * i % n) / static_cast<double>(n));
}

int64_t reflected(int64_t i, int64_t samples) { return i < 0 ? -i : i >= samples ? 2 * (samples - 1) - i : i; }

}  // namespace

Doubles reference_matmul(const Doubles& a, const Doubles& b, int64_t m, int64_t n, int64_t k, bool transpose_a,
                         bool transpose_b) {
  Doubles c;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0.0;
      for (int64_t l = 0; l < k; ++l)
        sum += at(a, transpose_a ? l * m + i : i * k + l) * at(b, transpose_b ? j * k + l : l * n + j);
      c.push_back(sum);
    }
  return c;
}

Doubles reference_conv2d(const Conv2dShape& s, const Doubles& x, const Doubles& weight) {
  Doubles y;
  const auto sum_at = [&](int64_t n, int64_t out, int64_t row, int64_t col) {
    double sum = 0.0;
    for (int64_t in = 0; in < s.in; ++in)
      for (int64_t i = 0; i < s.kernel; ++i)
        for (int64_t j = 0; j < s.kernel; ++j) {
          const int64_t r = row * s.stride + i - s.padding, c = col * s.stride + j - s.padding;
          if (r < 0 || r >= s.height || c < 0 || c >= s.width) continue;
          sum += at(x, ((n * s.in + in) * s.height + r) * s.width + c) *
                 at(weight, ((out * s.in + in) * s.kernel + i) * s.kernel + j);
        }
    return sum;
  };
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t out = 0; out < s.out; ++out)
      for (int64_t row = 0; row < s.out_height(); ++row)
        for (int64_t col = 0; col < s.out_width(); ++col) y.push_back(sum_at(n, out, row, col));
  return y;
}

Doubles reference_max_pool2d(const Array& x, int64_t kernel, int64_t stride) {
  const int64_t height = x.shape[2], width = x.shape[3];
  Doubles y;
  for (int64_t plane = 0; plane < x.shape[0] * x.shape[1]; ++plane)
    for (int64_t row = 0; row + kernel <= height; row += stride)
      for (int64_t col = 0; col + kernel <= width; col += stride) {
        double largest = -HUGE_VAL;
        for (int64_t i = 0; i < kernel; ++i)
          for (int64_t j = 0; j < kernel; ++j)
            largest = std::max(largest, x[(plane * height + row + i) * width + col + j]);
        y.push_back(largest);
      }
  return y;
}

Doubles reference_lstm(const LstmShape& s, const Doubles& x, const std::vector<Doubles>& weights) {
  Doubles y(static_cast<size_t>(s.steps * s.batch * s.directions * s.hidden));
  for (int direction = 0; direction < s.directions; ++direction)
    for (int64_t sequence = 0; sequence < s.batch; ++sequence)
      run_lstm(s, x, &weights[4 * static_cast<size_t>(direction)], sequence, direction == 1, direction * s.hidden, y);
  return y;
}

std::vector<LstmWeights> random_lstm_weights(const LstmShape& s, Device device) {
  const double bound = 0.4;
  std::vector<LstmWeights> weights;
  for (uint64_t d = 0; d < static_cast<uint64_t>(s.directions); ++d)
    weights.push_back({random_tensor({4 * s.hidden, s.input}, 10 * d + 1, -bound, bound, device),
                       random_tensor({4 * s.hidden, s.hidden}, 10 * d + 2, -bound, bound, device),
                       random_tensor({4 * s.hidden}, 10 * d + 3, -bound, bound, device),
                       random_tensor({4 * s.hidden}, 10 * d + 4, -bound, bound, device)});
  return weights;
}

std::vector<Doubles> doubles_of(const std::vector<LstmWeights>& weights) {
  std::vector<Doubles> result;
  for (const LstmWeights& w : weights)
    for (const Tensor& tensor : {w.w_ih, w.w_hh, w.b_ih, w.b_hh}) result.push_back(array_of(tensor).values);
  return result;
}

ReferenceStatistics reference_statistics(const Array& x) {
  const int64_t channels = x.shape[1], size = static_cast<int64_t>(x.values.size());
  const int64_t inner = size / (x.shape[0] * channels);
  const double count = static_cast<double>(size / channels);
  ReferenceStatistics result{Doubles(static_cast<size_t>(channels)), Doubles(static_cast<size_t>(channels))};
  for (int64_t i = 0; i < size; ++i) at(result.mean, i / inner % channels) += x[i] / count;
  for (int64_t i = 0; i < size; ++i) {
    const double deviation = x[i] - at(result.mean, i / inner % channels);
    at(result.variance, i / inner % channels) += deviation * deviation / count;
  }
  return result;
}

Doubles reference_normalize(const Array& x, const ReferenceStatistics& statistics, double eps) {
  const int64_t channels = x.shape[1], inner = static_cast<int64_t>(x.values.size()) / (x.shape[0] * channels);
  Doubles y = x.values;
  for (int64_t i = 0; i < static_cast<int64_t>(y.size()); ++i) {
    const int64_t channel = i / inner % channels;
    at(y, i) = (at(y, i) - at(statistics.mean, channel)) / std::sqrt(at(statistics.variance, channel) + eps);
  }
  return y;
}

Doubles reference_rfft(const Doubles& x, int64_t n) {
  Doubles spectrum;
  for (int64_t row = 0; row < static_cast<int64_t>(x.size()) / n; ++row)
    for (int64_t k = 0; k <= n / 2; ++k) {
      std::complex<double> sum = 0.0;
      for (int64_t i = 0; i < n; ++i) sum += at(x, row * n + i) * twiddle(k, i, n, -1.0);
      spectrum.insert(spectrum.end(), {sum.real(), sum.imag()});
    }
  return spectrum;
}

Doubles reference_irfft(const Doubles& spectrum, int64_t n) {
  const int64_t bins = n / 2 + 1;
  Doubles x;
  for (int64_t row = 0; row < static_cast<int64_t>(spectrum.size()) / (2 * bins); ++row)
    for (int64_t i = 0; i < n; ++i) {
      double sum = 0.0;
      for (int64_t k = 0; k < bins; ++k) {
        const int64_t bin = 2 * (row * bins + k);
        const std::complex<double> value(at(spectrum, bin), at(spectrum, bin + 1));
        sum += (value * twiddle(k, i, n, 1.0)).real() * (k == 0 || k == n / 2 ? 1.0 : 2.0);
      }
      x.push_back(sum / static_cast<double>(n));
    }
  return x;
}

Doubles reference_stft(const Doubles& x, int64_t samples, const Doubles& window, int64_t hop, bool center) {
  const int64_t n = static_cast<int64_t>(window.size()), pad = center ? n / 2 : 0;
  Doubles frames;
  for (int64_t start = -pad; start + n <= samples + pad; start += hop)
    for (int64_t signal = 0; signal < static_cast<int64_t>(x.size()) / samples; ++signal)
      for (int64_t i = 0; i < n; ++i)
        frames.push_back(at(window, i) * at(x, signal * samples + reflected(start + i, samples)));
  return reference_rfft(frames, n);
}

Doubles reference_istft(const Doubles& spectrum, int64_t frames, const Doubles& window, int64_t hop, bool center,
                        int64_t length) {
  const int64_t n = static_cast<int64_t>(window.size()), pad = center ? n / 2 : 0;
  const Doubles rows = reference_irfft(spectrum, n);
  const int64_t signals = static_cast<int64_t>(rows.size()) / (frames * n);
  Doubles x(static_cast<size_t>(signals * length)), envelope(x.size());
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t signal = 0; signal < signals; ++signal)
      for (int64_t i = 0; i < n; ++i) {
        const int64_t t = frame * hop - pad + i;
        if (t < 0 || t >= length) continue;
        at(x, signal * length + t) += at(window, i) * at(rows, (frame * signals + signal) * n + i);
        at(envelope, signal * length + t) += at(window, i) * at(window, i);
      }
  for (size_t i = 0; i < x.size(); ++i) x[i] = envelope[i] > 0.0 ? x[i] / envelope[i] : 0.0;
  return x;
}

}  // namespace unmix::test
