#include "training/input_statistics.h"

#include <algorithm>
#include <cmath>

namespace unmix {

// Welford's update, frame by frame.
void SpectrumStatistics::add(const Tensor& signal, const Stft& stft) {
  const Tensor magnitude = stft.magnitude(signal).to(Device::cpu);  // (frames, channels, bins)
  const int64_t channels = magnitude.dim(1);
  const auto bins = static_cast<size_t>(magnitude.dim(2));
  mean_.resize(bins, 0.0);
  squares_.resize(bins, 0.0);
  for (int64_t frame = 0; frame < magnitude.dim(0); ++frame) {
    const float* row = magnitude.data() + frame * channels * magnitude.dim(2);
    ++frames_;
    for (size_t k = 0; k < bins; ++k) {
      double value = 0.0;
      for (int64_t c = 0; c < channels; ++c) value += row[static_cast<size_t>(c) * bins + k];
      value /= static_cast<double>(channels);
      const double before = value - mean_[k];
      mean_[k] += before / static_cast<double>(frames_);
      squares_[k] += before * (value - mean_[k]);
    }
  }
}

std::vector<float> SpectrumStatistics::mean() const { return {mean_.begin(), mean_.end()}; }

std::vector<float> SpectrumStatistics::deviation() const {
  std::vector<double> deviation(squares_.size());
  std::transform(squares_.begin(), squares_.end(), deviation.begin(), [this](double sum) {
    const double value = std::sqrt(sum / static_cast<double>(frames_));
    return value > 0.0 ? value : 1.0;
  });
  const double floor = deviation.empty() ? 0.0 : 1e-4 * *std::max_element(deviation.begin(), deviation.end());
  std::vector<float> result(deviation.size());
  std::transform(deviation.begin(), deviation.end(), result.begin(),
                 [floor](double value) { return static_cast<float>(std::max(value, floor)); });
  return result;
}

}  // namespace unmix
