// The transforms of one training batch: 16 stereo excerpts of 6 s, 4096 points, hop 1024.
#include "layers/stft.h"

#include <cmath>

#include "bench/work.h"

namespace unmix::bench {
namespace {

constexpr int64_t kSignals = 32, kSamples = 264600, kFft = 4096, kHop = 1024, kFrames = kSamples / kHop + 1;

// 2.5 n log2 n per real transform of n points.
const double kFlops = 2.5 * kFft * std::log2(kFft) * kFrames * kSignals;
constexpr double kWave = 4.0 * kSignals * kSamples, kMagnitude = 4.0 * kSignals * kFrames * (kFft / 2 + 1);

void stft_magnitude(benchmark::State& state, Device device) {
  const Stft stft(kFft, kHop, device);
  const Tensor x = Tensor::full({kSignals, kSamples}, 0.1f, device);
  for (auto _ : state) {
    stft.magnitude(x);
    synchronize(device);
  }
  set_work(state, device, {.flops = kFlops, .bytes = kWave + kMagnitude});
}
const bool registered_stft_magnitude = on_devices("stft_magnitude", stft_magnitude);

void stft_forward_backward(benchmark::State& state, Device device) {
  const Stft stft(kFft, kHop, device);
  const Var x(Tensor::full({kSignals, kSamples}, 0.1f, device), true);
  for (auto _ : state) {
    sum(stft(x)).backward();
    synchronize(device);
  }
  set_work(state, device, {.flops = 2 * kFlops, .bytes = 2 * (kWave + 2 * kMagnitude)});
}
const bool registered_stft_forward_backward = on_devices("stft_forward_backward", stft_forward_backward);

void istft(benchmark::State& state, Device device) {
  const Stft stft(kFft, kHop, device);
  const Var spectrum(Tensor::full({kFrames, kSignals, kFft / 2 + 1, 2}, 0.1f, device));
  for (auto _ : state) {
    stft.inverse(spectrum, kSamples);
    synchronize(device);
  }
  set_work(state, device, {.flops = kFlops, .bytes = kWave + 2 * kMagnitude});
}
const bool registered_istft = on_devices("istft", istft);

}  // namespace
}  // namespace unmix::bench
