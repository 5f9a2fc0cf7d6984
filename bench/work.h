// How a benchmark is registered, and what it reports beside its time: the arithmetic and the memory traffic that its
// formula asks for, per second and as a share of what the device reaches at a product and at a copy.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/rates.h"

namespace unmix::bench {

// Of one iteration; 0: not known.
struct Work {
  double flops = 0.0;
  double bytes = 0.0;  // those that must move at least: inputs read once, outputs written once
};

inline void set_work(benchmark::State& state, Device device, const Work& work) {
  const auto per_second = [&](const char* name, double value) {
    using benchmark::Counter;
    state.counters[name] = Counter(value, Counter::kIsIterationInvariantRate, Counter::kIs1000);
  };
  if (work.flops > 0.0) {
    per_second("FLOP/s", work.flops);
    per_second("percent of product rate", 100.0 * work.flops / rates(device).product);
  }
  if (work.bytes > 0.0) {
    per_second("bytes/s", work.bytes);
    per_second("percent of copy rate", 100.0 * work.bytes / rates(device).copy);
  }
}

// Registers "name/cpu" and, where there is a GPU, "name/cuda", with every case; `arguments` names a case's numbers.
inline bool on_devices(const std::string& name, const std::function<void(benchmark::State&, Device)>& body,
                       const std::vector<std::string>& arguments = {},
                       const std::vector<std::vector<int64_t>>& cases = {{}}) {
  for (const Device device : {Device::cpu, Device::cuda}) {
    if (device == Device::cuda && cuda_device_count() == 0) continue;
    auto* benchmark = benchmark::RegisterBenchmark(fmt::format("{}/{}", name, unmix::name(device)).c_str(),
                                                   [body, device](benchmark::State& state) { body(state, device); });
    benchmark->ArgNames(arguments)->UseRealTime()->Unit(benchmark::kMillisecond);
    for (const std::vector<int64_t>& numbers : cases) benchmark->Args(numbers);
  }
  return true;
}

}  // namespace unmix::bench
