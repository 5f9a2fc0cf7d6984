// CrossCorrelations of signals over a few lags, r_ab(m) = sum_t a(t) b(t + m), block by block through short FFTs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace unmix {

// Channels of one or more signals, stacked. A channel may be shorter than what is asked of it: zeros follow.
using SignalChannels = std::vector<std::span<const float>>;

// channel[start .. start + count) to `to`; zeros where that lies outside [first, last) or behind the channel's end.
void read_channel(std::span<const float> channel, int64_t start, int64_t count, int64_t first, int64_t last,
                  double* to);

class CrossCorrelations {
 public:
  // Of the samples first .. last; what lies outside counts as zero. The sums have one order for any number of threads.
  CrossCorrelations(const SignalChannels& references, const SignalChannels& estimates, int64_t first, int64_t last,
                    int64_t lags, int threads);

  // sum_t a(t) b(t + lag) of two references, |lag| < lags.
  double references(int64_t a, int64_t b, int64_t lag) const {
    return a <= b ? of_pair(a, b)[lag] : of_pair(b, a)[-lag];
  }
  // sum_t reference(t - lag) estimate(t), 0 <= lag < lags.
  double estimate(int64_t reference, int64_t estimate, int64_t lag) const {
    return of_pair(references_ + estimate, reference)[-lag];
  }

 private:
  const double* of_pair(int64_t left, int64_t right) const {
    return values_.data() + (left * references_ + right) * (2 * lags_ - 1) + lags_ - 1;
  }

  int64_t references_, lags_;
  std::vector<double> values_;  // (references + estimates, references, 2 lags - 1)
};

}  // namespace unmix
