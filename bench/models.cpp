// Whole steps: training at batch 16 x 6 s for every registered loss, and separation of 30 s of stereo.
#include "bench/noise.h"
#include "bench/work.h"
#include "separation/separator.h"
#include "training/loss_networks.h"
#include "training/step.h"

namespace unmix::bench {
namespace {

constexpr int64_t kBatch = 16, kSamples = 264600;

NetworkConfig config(int64_t hidden) {
  NetworkConfig config;
  config.max_bin = max_bin_of(44100, 4096, 16000);
  config.hidden = hidden;
  return config;
}

// Of the products of a forward pass: 2 x rows x weights. Backward has twice as many.
double forward_flops(MaskNetwork& network, int64_t rows) {
  double weights = 0.0;
  for (const auto& [name, parameter] : network.parameters())
    if (parameter.shape().size() == 2) weights += static_cast<double>(parameter.size());
  return 2.0 * static_cast<double>(rows) * weights;
}

void training_step(benchmark::State& state, Device device, const LossEntry& loss) {
  JointOpenUnmix network(config(512), 1);
  network.to(device);
  const Stft stft(4096, 1024, device);
  Adam optimizer(network.parameters(), {});
  TrainOptions options;
  options.loss = Objective(loss.name);
  options.device = device;
  options.quiet = true;
  const auto adversary = make_adversary(options, stft, kSamples);
  const auto features = make_features(options);
  const Objective objective = options.loss.with(make_context(options, adversary.get(), features.get()));
  const StepContext context{network, stft, objective, optimizer, 44100, 0.0, adversary.get()};
  const Tensor mixture = noise({kBatch, 2, kSamples}, 0).to(device),
               targets = noise({4, kBatch, 2, kSamples}, 1).to(device);
  uint64_t step = 0;
  for (auto _ : state) {
    unmix::training_step(context, mixture, targets, 1, step++).get();
    synchronize(device);
  }
  if (!adversary && !features)  // whose networks have products too
    set_work(state, device, {.flops = 3.0 * forward_flops(network, kBatch * stft.frames(kSamples))});
}

void separate(benchmark::State& state, Device device) {
  const int64_t seconds = state.range(0), samples = seconds * 44100;
  ModelSet set;
  auto network = std::make_unique<JointOpenUnmix>(config(512), 1);
  network->to(device);
  network->train(false);
  const double flops = forward_flops(*network, Stft(4096, 1024, device).frames(samples));
  set.models.push_back({"joint", {"vocals", "drums", "bass", "other"}, std::move(network)});
  const Separator separator(std::move(set), device);
  Audio mixture{44100, 2, noise({2 * samples}, 3).to_vector()};
  for (auto _ : state) separator(mixture);
  state.counters["x real time"] =
      benchmark::Counter(static_cast<double>(seconds), benchmark::Counter::kIsIterationInvariantRate);
  set_work(state, device, {.flops = flops});
}
const bool registered_separate = on_devices("separate", separate, {"seconds"}, {{30}});

// One benchmark for each entry of the registry.
const bool registered_steps = [] {
  for (const LossEntry& loss : loss_registry())
    on_devices(fmt::format("training_step/{}", loss.name),
               [&loss](benchmark::State& state, Device device) { training_step(state, device, loss); });
  return true;
}();

}  // namespace
}  // namespace unmix::bench
