#include "models/vggish_input.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "base/recent.h"
#include "layers/stft.h"
#include "tensor/device_number.h"

namespace unmix {
namespace {

constexpr int64_t kWindow = 400, kHop = 160, kFft = 512;
constexpr double kLowest = 125.0, kHighest = 7500.0;  // Hz
constexpr float kLogOffset = 0.01f;

double mel_of(double frequency) { return 1127.0 * std::log(1.0 + frequency / 700.0); }

// A transform of 512 whose window is at the start of its frame: the rest is zero.
StftOptions transform(Device device) {
  Tensor window = Tensor::zeros({kFft});
  const Tensor hann = hann_window(kWindow, kWindow);
  std::copy_n(hann.data(), kWindow, window.data());
  return {kFft, kHop, window.to(device), /*center=*/false};
}

struct Constants {
  Tensor mel_weights;
  StftOptions stft;
};

// Kept: every step needs the same. By each thread for itself, since each has its own CUDA stream.
Constants cached_constants(double sample_rate, int64_t n_fft, Device device) {
  thread_local Recent<std::tuple<double, int64_t, Device, int>, Constants> recent;
  return recent.get({sample_rate, n_fft, device, device_number(device)}, [&] {
    return Constants{vggish_mel_weights(sample_rate, n_fft).to(device), transform(device)};
  });
}

// The first `length` along the axis, zeros after those that there are.
Var fitted(const Var& x, int axis, int64_t length) {
  const int64_t have = x.dim(axis);
  return have >= length ? slice(x, axis, 0, length) : pad(x, axis, 0, length - have);
}

// Magnitudes (96 patches, signals, bins) -> (signals * patches, 1, 96, 64)
Var log_mel(const Var& magnitudes, const Tensor& weights) {
  const int64_t patches = magnitudes.dim(0) / kVggishFrames, signals = magnitudes.dim(1);
  const Var mel = matmul(reshape(magnitudes, {-1, magnitudes.dim(2)}), Var(weights));
  const Var frames = reshape(log(add_scalar(mel, kLogOffset)), {patches, kVggishFrames, signals, kVggishBands});
  return reshape(permute(frames, {2, 0, 1, 3}), {signals * patches, 1, kVggishFrames, kVggishBands});
}

}  // namespace

Tensor vggish_mel_weights(double sample_rate, int64_t n_fft) {
  const int64_t bins = n_fft / 2 + 1;
  const double low = mel_of(kLowest), step = (mel_of(kHighest) - low) / static_cast<double>(kVggishBands + 1);
  Tensor weights = Tensor::zeros({bins, kVggishBands});
  for (int64_t bin = 1; bin < bins; ++bin) {
    // In units of half a triangle's base, counted from the lowest point: band b rises from b and falls from b + 1.
    const double place = (mel_of(static_cast<double>(bin) * sample_rate / static_cast<double>(n_fft)) - low) / step;
    for (int64_t band = 0; band < kVggishBands; ++band)
      weights.data()[bin * kVggishBands + band] =
          static_cast<float>(std::max(0.0, 1.0 - std::fabs(place - static_cast<double>(band + 1))));
  }
  return weights;
}

int64_t vggish_patch_count(int64_t samples) {
  const int64_t frames = samples < kWindow ? 0 : (samples - kWindow) / kHop + 1;
  return std::max<int64_t>(1, frames / kVggishFrames);
}

Var vggish_patches(const Var& waveforms) {
  check(waveforms.value().rank() == 2 && waveforms.size() > 0, "vggish", "shape {} is not (signals, samples)",
        to_string(waveforms.shape()));
  const int64_t frames = vggish_patch_count(waveforms.dim(1)) * kVggishFrames;
  const Constants constants = cached_constants(kVggishRate, kFft, waveforms.device());
  const Var used = fitted(waveforms, 1, (frames - 1) * kHop + kFft);
  return log_mel(magnitude(stft(used, constants.stft)), constants.mel_weights);
}

Var vggish_patches_of_magnitudes(const Var& magnitudes, double sample_rate) {
  check(magnitudes.value().rank() == 3 && magnitudes.size() > 0 && magnitudes.dim(2) >= 2, "vggish",
        "shape {} is not (frames, signals, bins)", to_string(magnitudes.shape()));
  const int64_t n_fft = 2 * (magnitudes.dim(2) - 1);
  const int64_t frames = std::max<int64_t>(1, magnitudes.dim(0) / kVggishFrames) * kVggishFrames;
  const Constants constants = cached_constants(sample_rate, n_fft, magnitudes.device());
  const float loudness = static_cast<float>(kFft) / static_cast<float>(n_fft);
  return log_mel(scale(fitted(magnitudes, 0, frames), loudness), constants.mel_weights);
}

}  // namespace unmix
