// Whole steps: training at batch 16 x 6 s for every registered loss, and separation of 30 s of stereo.
#include "base/error.h"
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

// Products of one step, forward and backward: 3 x 2 x rows x weights.
double step_flops(MaskNetwork& network, int64_t rows) {
  double weights = 0.0;
  for (const auto& [name, parameter] : network.parameters())
    if (parameter.shape().size() == 2) weights += static_cast<double>(parameter.size());
  return 6.0 * static_cast<double>(rows) * weights;
}

void training_step(benchmark::State& state, const LossEntry& loss) {
  const Device device = state.range(0) == 1 ? Device::cuda : Device::cpu;
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
  state.counters["GEMM FLOP"] = benchmark::Counter(step_flops(network, kBatch * stft.frames(kSamples)),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}

void separate(benchmark::State& state) {
  const Device device = state.range(0) == 1 ? Device::cuda : Device::cpu;
  const int64_t frames = 30 * 44100;
  ModelSet set;
  auto network = std::make_unique<JointOpenUnmix>(config(512), 1);
  network->to(device);
  network->train(false);
  set.models.push_back({"joint", {"vocals", "drums", "bass", "other"}, std::move(network)});
  const Separator separator(std::move(set), device);
  Audio mixture{44100, 2, noise({2 * frames}, 3).to_vector()};
  for (auto _ : state) separator(mixture);
  state.counters["x real time"] = benchmark::Counter(30.0, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(separate)->Name("separate_30s/cuda")->Apply([](auto* b) { on_devices(b, {{}}); });

// One benchmark for each entry of the registry.
const bool registered = [] {
  for (const LossEntry& loss : loss_registry()) {
    auto* benchmark = benchmark::RegisterBenchmark(fmt::format("training_step/{}/cuda", loss.name).c_str(),
                                                   [&loss](benchmark::State& state) { training_step(state, loss); });
    on_devices(benchmark, {{}});
  }
  return true;
}();

}  // namespace
}  // namespace unmix::bench
