#include "evaluation/measures.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "evaluation/fft.h"

namespace unmix {
namespace {

constexpr int64_t kFft = 4096, kHop = 1024;

void check_same_form(const char* op, const Audio& a, const Audio& b) {
  check(a.sample_rate == b.sample_rate && a.channels == b.channels && a.samples.size() == b.samples.size(), op,
        "reference ({} Hz, {} channels, {} frames) and estimate ({} Hz, {} channels, {} frames) differ", a.sample_rate,
        a.channels, a.frames(), b.sample_rate, b.channels, b.frames());
}

struct Sums {
  double source = 0, product = 0, error = 0;  // |y|^2, <e, y>, |y - e|^2
};

Sums sums_of(const Audio& reference, const Audio& estimate) {
  Sums sums;
  for (size_t i = 0; i < reference.samples.size(); ++i) {
    const double y = reference.samples[i], e = estimate.samples[i];
    sums.source += y * y;
    sums.product += e * y;
    sums.error += (y - e) * (y - e);
  }
  return sums;
}

// |a y - e|^2 with the best a, by its own sum: |e|^2 - |a y|^2 would cancel.
double remainder(const Audio& reference, const Audio& estimate, double scale) {
  double sum = 0;
  for (size_t i = 0; i < reference.samples.size(); ++i) {
    const double difference = scale * reference.samples[i] - estimate.samples[i];
    sum += difference * difference;
  }
  return sum;
}

class Magnitudes {
 public:
  Magnitudes() : fft_(kFft), window_(hann(kFft)), frame_(kFft), spectrum_(kFft + 2) {}

  // Of the frame around sample `center`.
  void operator()(std::span<const float> signal, int64_t center, std::vector<double>& to) {
    const auto size = static_cast<int64_t>(signal.size());
    for (int64_t n = 0; n < kFft; ++n) {
      int64_t t = std::abs(center - kFft / 2 + n);
      if (t >= size) t = 2 * (size - 1) - t;
      frame_.get()[n] = signal[static_cast<size_t>(t)] * window_[static_cast<size_t>(n)];
    }
    fft_.forward(frame_.get(), spectrum_.get());
    to.resize(static_cast<size_t>(fft_.bins()));
    for (size_t k = 0; k < to.size(); ++k) to[k] = std::hypot(spectrum_.get()[2 * k], spectrum_.get()[2 * k + 1]);
  }

 private:
  DoubleFft fft_;
  std::vector<double> window_;
  Doubles frame_, spectrum_;
};

}  // namespace

double si_sdr(const Audio& reference, const Audio& estimate) {
  check_same_form("si_sdr", reference, estimate);
  const Sums sums = sums_of(reference, estimate);
  if (sums.source == 0) return std::numeric_limits<double>::quiet_NaN();
  const double scale = sums.product / sums.source;
  return 10 * std::log10(scale * scale * sums.source / remainder(reference, estimate, scale));
}

double sd_sdr(const Audio& reference, const Audio& estimate) {
  check_same_form("sd_sdr", reference, estimate);
  const Sums sums = sums_of(reference, estimate);
  if (sums.source == 0) return std::numeric_limits<double>::quiet_NaN();
  const double scale = sums.product / sums.source;
  return 10 * std::log10(scale * scale * sums.source / sums.error);
}

double l1_freq(const Audio& reference, const Audio& estimate) {
  check_same_form("l1_freq", reference, estimate);
  check(reference.frames() > kFft / 2, "l1_freq", "a signal of {} frames is shorter than half a window, {}",
        reference.frames(), kFft / 2);
  Magnitudes magnitudes;
  std::vector<double> of_reference, of_estimate;
  double sum = 0, count = 0;
  for (int c = 0; c < reference.channels; ++c)
    for (int64_t center = 0; center <= reference.frames(); center += kHop) {
      magnitudes(reference.channel(c), center, of_reference);
      magnitudes(estimate.channel(c), center, of_estimate);
      for (size_t k = 0; k < of_reference.size(); ++k) sum += std::abs(of_reference[k] - of_estimate[k]);
      count += static_cast<double>(of_reference.size());
    }
  return sum / count;
}

}  // namespace unmix
