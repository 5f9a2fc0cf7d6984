// Products, convolutions, LSTM layers and passes over memory at Open-Unmix's sizes: batch 16, 259 frames, 4144 rows.
#include "autograd/openunmix_ops.h"
#include "autograd/ops.h"
#include "bench/work.h"
#include "tensor/gemm.h"
#include "tensor/lstm.h"

namespace unmix::bench {
namespace {

constexpr int64_t kFrames = 259, kBatch = 16, kRows = kFrames * kBatch;

Device device_of(const benchmark::State& state, size_t argument) {
  return state.range(argument) == 1 ? Device::cuda : Device::cpu;
}

void gemm(benchmark::State& state) {
  const int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const Device device = device_of(state, 3);
  const Tensor a = Tensor::full({m, k}, 0.5f, device), b = Tensor::full({n, k}, 0.5f, device);
  Tensor c = Tensor::empty({m, n}, device);
  for (auto _ : state) {
    unmix::gemm(device, {.m = m,
                         .n = n,
                         .k = k,
                         .a = a.data(),
                         .lda = k,
                         .b = b.data(),
                         .ldb = k,
                         .transpose_b = true,
                         .c = c.data(),
                         .ldc = n});
    synchronize(device);
  }
  set_work(state, 2.0 * m * n * k, 4.0 * (m * k + n * k + m * n));
}
BENCHMARK(gemm)->Name("gemm/m/n/k/cuda")->Apply([](auto* b) {
  on_devices(b, {{kRows, 512, 2974}, {kRows, 4098, 512}, {kRows, 2048, 1024}});
});

void lstm_layer(benchmark::State& state) {
  const int64_t hidden = state.range(0), in = 2 * hidden;
  const bool backward = state.range(1) == 1;
  const Device device = device_of(state, 2);
  const auto weight = [&](Shape shape) { return Var(Tensor::full(std::move(shape), 0.01f, device), backward); };
  std::vector<LstmParameters> directions;
  for (int d = 0; d < 2; ++d)
    directions.push_back(
        {weight({4 * hidden, in}), weight({4 * hidden, hidden}), weight({4 * hidden}), weight({4 * hidden})});
  const Var x(Tensor::full({kFrames, kBatch, in}, 0.1f, device), backward);
  for (auto _ : state) {
    Var y = lstm(x, directions);
    if (backward) sum(y).backward();
    synchronize(device);
  }
  const double forward = 2.0 * kRows * 2 * 4 * hidden * (in + hidden), passes = backward ? 3 : 1;
  set_work(state, passes * forward, passes * 4.0 * (kRows * (in + 2 * 5 * hidden) + 2 * 4 * hidden * (in + hidden)));
}
BENCHMARK(lstm_layer)->Name("lstm_layer/hidden/backward/cuda")->Apply([](auto* b) {
  on_devices(b, {{256, 0}, {256, 1}, {512, 0}, {512, 1}});
});

// One layer of a separation: 2000 frames of one song or of a few.
void lstm_inference(benchmark::State& state) {
  const int64_t batch = state.range(0), hidden = state.range(1), in = 2 * hidden, steps = 2000, rows = steps * batch;
  const Device device = device_of(state, 2);
  const auto values = [&](Shape shape) { return Tensor::full(std::move(shape), 0.01f, device); };
  std::vector<LstmWeights> weights;
  for (int d = 0; d < 2; ++d)
    weights.push_back(
        {values({4 * hidden, in}), values({4 * hidden, hidden}), values({4 * hidden}), values({4 * hidden})});
  const Tensor x = values({steps, batch, in});
  Tensor y = Tensor::empty({steps, batch, 2 * hidden}, device);
  for (auto _ : state) {
    std::vector<LstmState> states(2);
    lstm_infer(weights, x, states, y);
    synchronize(device);
  }
  set_work(state, 2.0 * rows * 2 * 4 * hidden * (in + hidden),
           4.0 * (rows * (in + 2 * hidden) + 2 * 4 * hidden * (in + hidden)));
}
BENCHMARK(lstm_inference)->Name("lstm_inference/batch/hidden/cuda")->Apply([](auto* b) {
  on_devices(b, {{1, 256}, {2, 256}, {16, 256}, {1, 512}});
});

void conv2d(benchmark::State& state) {
  const Device device = device_of(state, 0);
  const Var x(Tensor::full({4, 64, 48, 32}, 0.1f, device)), weight(Tensor::full({128, 64, 3, 3}, 0.1f, device));
  for (auto _ : state) {
    unmix::conv2d(x, weight, {}, 1, 1);
    synchronize(device);
  }
  const double outputs = 4.0 * 128 * 48 * 32;
  set_work(state, 2.0 * outputs * 64 * 9, 4.0 * (4.0 * 64 * 48 * 32 + 128 * 64 * 9 + outputs));
}
BENCHMARK(conv2d)->Name("conv2d/cuda")->Apply([](auto* b) { on_devices(b, {{}}); });

// One pass over a head's output: reads two tensors, writes one.
void add(benchmark::State& state) {
  const Device device = device_of(state, 0);
  const Var a(Tensor::full({kRows, 4098}, 1.0f, device)), b(Tensor::full({kRows, 4098}, 2.0f, device));
  for (auto _ : state) {
    a + b;
    synchronize(device);
  }
  set_work(state, a.size(), 12.0 * a.size());
}
BENCHMARK(add)->Name("add/cuda")->Apply([](auto* b) { on_devices(b, {{}}); });

void mask_head(benchmark::State& state) {
  const Device device = device_of(state, 0);
  const int64_t bins = 2049, columns = 2 * bins;
  const Var x(Tensor::full({kRows, columns}, 0.5f, device)), ones(Tensor::full({columns}, 1.0f, device));
  const Var per_bin(Tensor::full({bins}, 1.0f, device));
  BatchStatistics running{Tensor::zeros({columns}, device), Tensor::full({columns}, 1.0f, device)};
  for (auto _ : state) {
    unmix::mask_head(x, {ones, ones, &running, true}, per_bin, per_bin);
    synchronize(device);
  }
  set_work(state, 8.0 * x.size(), 12.0 * x.size());
}
BENCHMARK(mask_head)->Name("mask_head/cuda")->Apply([](auto* b) { on_devices(b, {{}}); });

void total(benchmark::State& state) {
  const Device device = device_of(state, 0);
  const Var x(Tensor::full({kRows, 4098}, 0.5f, device));
  for (auto _ : state) {
    sum(x);
    synchronize(device);
  }
  set_work(state, x.size(), 4.0 * x.size());
}
BENCHMARK(total)->Name("sum/cuda")->Apply([](auto* b) { on_devices(b, {{}}); });

}  // namespace
}  // namespace unmix::bench
