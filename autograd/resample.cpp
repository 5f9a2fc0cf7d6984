// Resampling by a rational ratio U/D (to over from, in lowest terms): y[m] = sum_n x[n] h(m D/U - n), x zero outside.
//   h(t) = c sinc(c t) I0(b sqrt(1 - (t/w)^2)) / I0(b), |t| <= w: a sinc in a Kaiser window (Kaiser & Schafer, 1980)
// With r = min(1, U/D): c = r (pass + stop) / 2, w = (A - 7.95) / (4.57 pi r (stop - pass)) samples of x,
// b = 0.1102 (A - 8.7), pass, stop and A as in ops.h. h is even, so that the gradient is the same sum the other way:
//   dx[n] = sum_m dy[m] h(m D/U - n) = sum_m dy[m] g(n U/D - m), g(u) = h(u D/U)
// Of each phase of m D/U the values of h are kept in a table.
#include <cmath>
#include <numbers>
#include <numeric>
#include <tuple>
#include <vector>

#include "autograd/ops.h"
#include "base/error.h"
#include "base/recent.h"
#include "tensor/device_number.h"
#include "tensor/launch.h"

namespace unmix {
namespace {

constexpr int kLanes = 16;  // independent sums of one output: one or two vector registers

struct Kernel {
  double cutoff, half_width, beta;

  Kernel(int64_t up, int64_t down) {
    const double ratio = std::min(1.0, static_cast<double>(up) / static_cast<double>(down));
    cutoff = ratio * (kResamplePassBand + kResampleStopBand) / 2.0;
    half_width =
        (kResampleAttenuation - 7.95) / (4.57 * std::numbers::pi * ratio * (kResampleStopBand - kResamplePassBand));
    beta = 0.1102 * (kResampleAttenuation - 8.7);
  }

  double operator()(double t) const {
    const double place = t / half_width;
    if (std::fabs(place) > 1.0) return 0.0;
    const double window = std::cyl_bessel_i(0.0, beta * std::sqrt(1.0 - place * place)) / std::cyl_bessel_i(0.0, beta);
    const double angle = std::numbers::pi * cutoff * t;
    return cutoff * (angle == 0.0 ? 1.0 : std::sin(angle) / angle) * window;
  }
};

// Of output m, at position m down/up of the input: table[m % up] has the weights of `taps` inputs around it.
struct Polyphase {
  int64_t up, down, taps;
  Tensor table;  // (up, taps)
};

// unit: length of one input sample in those that the kernel counts.
Polyphase make_polyphase(const Kernel& kernel, int64_t up, int64_t down, double unit, Device device) {
  const int64_t reach = static_cast<int64_t>(kernel.half_width / unit) + 1;
  const int64_t half = (reach + kLanes / 2 - 1) / (kLanes / 2) * (kLanes / 2), taps = 2 * half;
  std::vector<float> table(static_cast<size_t>(up * taps));
  for (int64_t phase = 0; phase < up; ++phase) {
    const double place = static_cast<double>(phase * down % up) / static_cast<double>(up);
    for (int64_t j = 0; j < taps; ++j)
      table[static_cast<size_t>(phase * taps + j)] =
          static_cast<float>(kernel((place - static_cast<double>(j - half + 1)) * unit));
  }
  return {up, down, taps, Tensor::from(table, {up, taps}, device)};
}

struct Filters {
  Polyphase forward, backward;
};

// Kept: a table costs as much as resampling a second of music. By each thread for itself, since each has its own CUDA
// stream.
Filters cached_filters(int64_t up, int64_t down, Device device) {
  thread_local Recent<std::tuple<int64_t, int64_t, Device, int>, Filters> recent;
  return recent.get({up, down, device, device_number(device)}, [&] {
    const Kernel kernel(up, down);
    const double unit = static_cast<double>(down) / static_cast<double>(up);
    return Filters{make_polyphase(kernel, up, down, 1.0, device), make_polyphase(kernel, down, up, unit, device)};
  });
}

// y[row, m] = sum_j table[m % up, j] x[row, start + j]
struct Apply {
  Divider up;
  int64_t down, taps;
  const float *table, *x;
  int64_t samples;
  float* y;
  int64_t outputs;

  HD void operator()(int64_t row, int64_t m) const {
    const int64_t phase = up.remainder(m);
    const int64_t start = up.quotient(m) * down + up.quotient(phase * down) - taps / 2 + 1;
    const float *h = table + phase * taps, *from = x + row * samples + start;
    y[row * outputs + m] =
        start >= 0 && start + taps <= samples ? inside(h, from) : at_edge(h, from, -start, samples - start);
  }

  HD float inside(const float* h, const float* from) const {
    float lanes[kLanes] = {};
    for (int64_t j = 0; j < taps; j += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += h[j + lane] * from[j + lane];
    float sum = 0.0f;
    for (int lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
    return sum;
  }

  // Of the inputs begin..end alone.
  HD float at_edge(const float* h, const float* from, int64_t begin, int64_t end) const {
    float sum = 0.0f;
    for (int64_t j = begin > 0 ? begin : 0; j < (end < taps ? end : taps); ++j) sum += h[j] * from[j];
    return sum;
  }
};

Tensor apply(const Polyphase& filter, const Tensor& x, int64_t outputs) {
  Shape shape = x.shape();
  const int64_t samples = shape.back(), rows = x.size() / samples;
  shape.back() = outputs;
  Tensor y = Tensor::empty(shape, x.device());
  parallel_for(
      x.device(), rows, outputs,
      Apply{Divider(filter.up), filter.down, filter.taps, filter.table.data(), x.data(), samples, y.data(), outputs});
  return y;
}

}  // namespace

Var resample(const Var& x, int64_t from_rate, int64_t to_rate) {
  check(x.value().rank() >= 1 && x.size() > 0, "resample", "shape {} holds no signal", to_string(x.shape()));
  check(from_rate > 0 && to_rate > 0, "resample", "cannot resample from {} Hz to {} Hz", from_rate, to_rate);
  if (from_rate == to_rate) return x;
  const int64_t divisor = std::gcd(from_rate, to_rate), up = to_rate / divisor, down = from_rate / divisor;
  const int64_t samples = x.dim(-1), outputs = (samples * up + down - 1) / down;
  const Filters filters = cached_filters(up, down, x.device());
  return make_var(apply(filters.forward, x.value(), outputs), {x},
                  [backward = filters.backward, samples](const Tensor& dy, Gradients& gradients) {
                    gradients.add(0, apply(backward, dy, samples));
                  });
}

}  // namespace unmix
