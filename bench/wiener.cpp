// One window of the Wiener filter: 300 frames (7 s), 4 targets, stereo, 2049 bins.
#include "separation/wiener.h"

#include "bench/noise.h"
#include "bench/work.h"

namespace unmix::bench {
namespace {

constexpr int64_t kSources = 4, kFrames = 300, kChannels = 2, kBins = 2049;

void wiener_window(benchmark::State& state, Device device) {
  const int iterations = static_cast<int>(state.range(0));
  const Tensor spectrum = noise({kFrames, kChannels, kBins, 2}, 1).to(device);
  const Tensor masks = Tensor::full({kSources, kFrames, kChannels, kBins}, 0.25f, device);
  for (auto _ : state) {
    wiener(masks, spectrum, {iterations});
    synchronize(device);
  }
  // The first estimates: 2 for each of their bins. An iteration: per bin of a frame and source y y^H 16, v R 8, R z 32;
  // per bin of a frame the inverse and its product, 60.
  const double points = kFrames * kBins, estimates = 8.0 * kSources * kChannels * points;
  set_work(state, device,
           {.flops = points * (2.0 * kSources * kChannels + iterations * (56.0 * kSources + 60.0)),
            .bytes = estimates / 2 + 8.0 * kChannels * points + estimates * (1 + 3 * iterations)});
}
const bool registered = on_devices("wiener_window", wiener_window, {"iterations"}, {{0}, {1}, {2}});

}  // namespace
}  // namespace unmix::bench
