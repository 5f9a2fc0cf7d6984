#include "separation/expectation_maximization.h"

#include <cmath>
#include <utility>

#include "separation/hermitian.h"

namespace unmix {
namespace {

constexpr int kFramesPerSum = 8;  // frames that one thread adds up
constexpr int kFold = 16;         // values of which one thread finds the largest

// Of kFold stretches of values, the i-th of each; those that would reach beyond the last are that one again.
struct LargestMagnitude {
  const float* z;  // complex
  int64_t count, stride;
  float* largest;
  HD void operator()(int64_t i) const {
    double power = 0.0;
    for (int64_t k = 0; k < kFold; ++k) {
      const int64_t begin = k * stride, at = 2 * ((begin < count - stride ? begin : count - stride) + i);
      const double re = z[at], im = z[at + 1], square = re * re + im * im;
      power = square > power ? square : power;
    }
    largest[i] = static_cast<float>(std::sqrt(power));
  }
};

struct Largest {
  const float* values;
  int64_t count, stride;
  float* largest;
  HD void operator()(int64_t i) const {
    float found = values[i];
    for (int64_t k = 1; k < kFold; ++k) {
      const int64_t begin = k * stride;
      const float value = values[(begin < count - stride ? begin : count - stride) + i];
      found = value > found ? value : found;
    }
    largest[i] = found;
  }
};

// A tensor of one value, for which the host does not wait.
Tensor largest_magnitude(const Tensor& spectrum) {
  const Device device = spectrum.device();
  const auto folded = [](int64_t count) { return (count + kFold - 1) / kFold; };
  const int64_t count = spectrum.size() / 2;
  Tensor largest = Tensor::empty({folded(count)}, device);
  parallel_for(device, largest.size(), LargestMagnitude{spectrum.data(), count, largest.size(), largest.data()});
  while (largest.size() > 1) {
    Tensor next = Tensor::empty({folded(largest.size())}, device);
    parallel_for(device, next.size(), Largest{largest.data(), largest.size(), next.size(), next.data()});
    largest = next;
  }
  return largest;
}

// Dividing all spectra by s = max(1, max |X| / scale_factor) is multiplying by s^2 what is added to powers.
struct Noise {
  const float* largest;
  double factor, added;
  HD double operator()() const {
    const double s = *largest / factor;
    return s > 1.0 ? s * s * added : added;
  }
};

// Sums of y y^H over N frames each, from frame `first` on; they are the sums `slot`... of all `slots`.
template <int C, int N>
struct SumCovariances {
  const float* y;
  int64_t frames, bins, first;
  Divider count;
  int64_t slot, slots;
  double* sums;  // (source, slot, C * C, bins)

  HD void operator()(int64_t row, int64_t bin) const {
    const int64_t source = count.quotient(row), sum = row - source * count.divisor();
    const float* at = y + 2 * ((source * frames + first + sum * N) * C * bins + bin);
    double* out = sums + (source * slots + slot + sum) * C * C * bins + bin;
    store_matrix<C>(sum_of(at, std::make_integer_sequence<int, N>()), 1.0, out, bins);
  }

 private:
  template <int... Frame>
  HD Hermitian<C> sum_of(const float* at, std::integer_sequence<int, Frame...>) const {
    Hermitian<C> sum{};
    (accumulate<C>(sum, 1.0, outer_product<C>(load_vector<C>(at + 2 * Frame * C * bins, bins))), ...);
    return sum;
  }
};

// R = sum_t y y^H / (eps + sum_t v); the mean of the diagonal of y y^H is v.
template <int C>
struct WeightCovariances {
  const double* sums;
  int64_t slots, bins;
  Noise eps;
  double* covariances;  // (source, C * C, bins)
  HD void operator()(int64_t source, int64_t bin) const {
    Hermitian<C> sum{};
    for (int64_t slot = 0; slot < slots; ++slot)
      accumulate<C>(sum, 1.0, load_matrix<C>(sums + (source * slots + slot) * C * C * bins + bin, bins));
    store_matrix<C>(sum, 1.0 / (eps() + mean_power<C>(sum)), covariances + source * C * C * bins + bin, bins);
  }
};

// y_k = v_k R_k (sum_j v_j R_j + sqrt(eps) I)^-1 X. The number of sources is fixed, since the host's compiler
// vectorises over bins only where there is no loop inside.
template <int C, int Sources>
struct Filter {
  const float* x;
  const double* covariances;
  int64_t frames, bins;
  Noise sqrt_eps;
  float* y;

  [[gnu::always_inline]] HD void operator()(int64_t frame, int64_t bin) const {
    apply(2 * (frame * C * bins + bin), bin, std::make_integer_sequence<int, Sources>());
  }

 private:
  template <int... K>
  [[gnu::always_inline]] HD void apply(int64_t at, int64_t bin, std::integer_sequence<int, K...>) const {
    Hermitian<C> mixture = identity<C>(sqrt_eps());
    const double powers[] = {add_source(K, at, bin, mixture)...};
    const auto whitened = product<C>(inverse<C>(mixture), load_vector<C>(x + at, bins));
    (store_vector<C>(product<C>(covariance(K, bin), whitened), powers[K], estimate(K, at), bins), ...);
  }
  // Adds v R to the mixture's covariance; -> v
  HD double add_source(int source, int64_t at, int64_t bin, Hermitian<C>& mixture) const {
    const double power = mean_power<C>(outer_product<C>(load_vector<C>(estimate(source, at), bins)));
    accumulate<C>(mixture, power, covariance(source, bin));
    return power;
  }
  HD float* estimate(int source, int64_t at) const { return y + 2 * source * frames * C * bins + at; }
  HD Hermitian<C> covariance(int source, int64_t bin) const {
    return load_matrix<C>(covariances + source * C * C * bins + bin, bins);
  }
};

template <int C>
class Refinement {
 public:
  Refinement(Tensor& y, const Tensor& spectrum, const WienerOptions& options)
      : y_(y),
        spectrum_(spectrum),
        device_(y.device()),
        sources_(y.dim(0)),
        frames_(y.dim(1)),
        bins_(y.dim(3)),
        slots_(frames_ / kFramesPerSum + frames_ % kFramesPerSum),
        largest_(largest_magnitude(spectrum)),
        eps_{largest_.data(), options.scale_factor, options.eps},
        sqrt_eps_{largest_.data(), options.scale_factor, std::sqrt(options.eps)},
        sums_(allocate(2 * sources_ * slots_ * C * C * bins_, device_)),
        covariances_(allocate(2 * sources_ * C * C * bins_, device_)) {}

  void iterate() {
    update_covariances();
    filter<2>();
  }

 private:
  static double* doubles(const std::shared_ptr<float[]>& buffer) { return reinterpret_cast<double*>(buffer.get()); }

  // Sums of `count` stretches of N frames, from frame `first` and slot `slot` on.
  template <int N>
  void sum_covariances(int64_t first, int64_t count, int64_t slot) {
    parallel_for(device_, sources_ * count, bins_,
                 SumCovariances<C, N>{y_.data(), frames_, bins_, first, Divider(count), slot, slots_, doubles(sums_)});
  }

  void update_covariances() {
    const int64_t whole = frames_ / kFramesPerSum, rest = frames_ % kFramesPerSum;
    sum_covariances<kFramesPerSum>(0, whole, 0);
    sum_covariances<1>(whole * kFramesPerSum, rest, whole);
    parallel_for(device_, sources_, bins_,
                 WeightCovariances<C>{doubles(sums_), slots_, bins_, eps_, doubles(covariances_)});
  }

  template <int Sources>
  void filter() {
    if (sources_ == Sources)
      parallel_for(device_, frames_, bins_,
                   Filter<C, Sources>{spectrum_.data(), doubles(covariances_), frames_, bins_, sqrt_eps_, y_.data()});
    else if constexpr (Sources < kMostRefined)
      filter<Sources + 1>();
  }

  Tensor y_, spectrum_;
  Device device_;
  int64_t sources_, frames_, bins_, slots_;
  Tensor largest_;
  Noise eps_, sqrt_eps_;
  std::shared_ptr<float[]> sums_, covariances_;  // doubles
};

template <int C>
void iterate(Tensor& y, const Tensor& spectrum, const WienerOptions& options) {
  Refinement<C> refinement(y, spectrum, options);
  for (int i = 0; i < options.iterations; ++i) refinement.iterate();
}

}  // namespace

void refine(Tensor& y, const Tensor& spectrum, const WienerOptions& options) {
  spectrum.dim(1) == 1 ? iterate<1>(y, spectrum, options) : iterate<2>(y, spectrum, options);
}

}  // namespace unmix
