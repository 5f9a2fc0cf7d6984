// What a benchmark reports beside its time: the arithmetic and the memory traffic that its formula asks for.
#pragma once

#include <benchmark/benchmark.h>

#include "tensor/device.h"

namespace unmix::bench {

// FLOP/s and B/s of one iteration's work. The bytes are those that must move at least: inputs read once, outputs
// written once.
inline void set_work(benchmark::State& state, double flops, double bytes) {
  using benchmark::Counter;
  state.counters["FLOP"] = Counter(flops, Counter::kIsIterationInvariantRate, Counter::kIs1000);
  state.counters["bytes"] = Counter(bytes, Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

// The devices that a benchmark runs on, as its last argument.
inline void on_devices(benchmark::internal::Benchmark* benchmark, const std::vector<std::vector<int64_t>>& cases) {
  for (std::vector<int64_t> arguments : cases)
    for (const Device device : {Device::cpu, Device::cuda}) {
      if (device == Device::cuda && cuda_device_count() == 0) continue;
      arguments.push_back(device == Device::cuda);
      benchmark->Args(arguments);
      arguments.pop_back();
    }
  benchmark->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace unmix::bench
