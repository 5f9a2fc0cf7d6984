#include "evaluation/sdr.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace unmix {

double sdr(const Audio& reference, const Audio& estimate) {
  check(reference.sample_rate == estimate.sample_rate && reference.channels == estimate.channels &&
            reference.samples.size() == estimate.samples.size(),
        "sdr", "reference ({} Hz, {} channels, {} frames) and estimate ({} Hz, {} channels, {} frames) differ",
        reference.sample_rate, reference.channels, reference.frames(), estimate.sample_rate, estimate.channels,
        estimate.frames());
  double signal = 0.0, error = 0.0;
  for (size_t i = 0; i < reference.samples.size(); ++i) {
    const double y = reference.samples[i], difference = y - estimate.samples[i];
    signal += y * y;
    error += difference * difference;
  }
  if (signal == 0.0) return std::numeric_limits<double>::quiet_NaN();
  return 10.0 * std::log10(signal / error);
}

}  // namespace unmix
