// Products, convolutions, LSTM layers and passes over memory at Open-Unmix's sizes: batch 16, 259 frames, 4144 rows.
#include "autograd/openunmix_ops.h"
#include "autograd/ops.h"
#include "bench/work.h"
#include "tensor/gemm.h"
#include "tensor/lstm.h"

namespace unmix::bench {
namespace {

constexpr int64_t kFrames = 259, kBatch = 16, kRows = kFrames * kBatch;

void gemm(benchmark::State& state, Device device) {
  const int64_t m = state.range(0), n = state.range(1), k = state.range(2);
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
  set_work(state, device, {.flops = 2.0 * m * n * k, .bytes = 4.0 * (m * k + n * k + m * n)});
}
const bool registered_gemm =
    on_devices("gemm", gemm, {"m", "n", "k"}, {{kRows, 512, 2974}, {kRows, 4098, 512}, {kRows, 2048, 1024}});

void lstm_layer(benchmark::State& state, Device device) {
  const int64_t hidden = state.range(0), in = 2 * hidden;
  const bool backward = state.range(1) == 1;
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
  set_work(state, device,
           {.flops = passes * forward,
            .bytes = passes * 4.0 * (kRows * (in + 2 * 5 * hidden) + 2 * 4 * hidden * (in + hidden))});
}
const bool registered_lstm_layer =
    on_devices("lstm_layer", lstm_layer, {"hidden", "backward"}, {{256, 0}, {256, 1}, {512, 0}, {512, 1}});

// One layer of a separation: 2000 frames of one song or of a few.
void lstm_inference(benchmark::State& state, Device device) {
  const int64_t batch = state.range(0), hidden = state.range(1), in = 2 * hidden, steps = 2000, rows = steps * batch;
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
  set_work(state, device,
           {.flops = 2.0 * rows * 2 * 4 * hidden * (in + hidden),
            .bytes = 4.0 * (rows * (in + 2 * hidden) + 2 * 4 * hidden * (in + hidden))});
}
const bool registered_lstm_inference =
    on_devices("lstm_inference", lstm_inference, {"batch", "hidden"}, {{1, 256}, {2, 256}, {16, 256}, {1, 512}});

void conv2d(benchmark::State& state, Device device) {
  const Var x(Tensor::full({4, 64, 48, 32}, 0.1f, device)), weight(Tensor::full({128, 64, 3, 3}, 0.1f, device));
  for (auto _ : state) {
    unmix::conv2d(x, weight, {}, 1, 1);
    synchronize(device);
  }
  const double outputs = 4.0 * 128 * 48 * 32;
  set_work(state, device,
           {.flops = 2.0 * outputs * 64 * 9, .bytes = 4.0 * (4.0 * 64 * 48 * 32 + 128 * 64 * 9 + outputs)});
}
const bool registered_conv2d = on_devices("conv2d", conv2d);

// One pass over a head's output: reads two tensors, writes one.
void add(benchmark::State& state, Device device) {
  const Var a(Tensor::full({kRows, 4098}, 1.0f, device)), b(Tensor::full({kRows, 4098}, 2.0f, device));
  for (auto _ : state) {
    a + b;
    synchronize(device);
  }
  set_work(state, device, {.flops = 1.0 * a.size(), .bytes = 12.0 * a.size()});
}
const bool registered_add = on_devices("add", add);

void mask_head(benchmark::State& state, Device device) {
  const int64_t bins = 2049, columns = 2 * bins;
  const Var x(Tensor::full({kRows, columns}, 0.5f, device)), ones(Tensor::full({columns}, 1.0f, device));
  const Var per_bin(Tensor::full({bins}, 1.0f, device));
  BatchStatistics running{Tensor::zeros({columns}, device), Tensor::full({columns}, 1.0f, device)};
  for (auto _ : state) {
    unmix::mask_head(x, {ones, ones, &running, true}, per_bin, per_bin);
    synchronize(device);
  }
  set_work(state, device, {.flops = 8.0 * x.size(), .bytes = 12.0 * x.size()});
}
const bool registered_mask_head = on_devices("mask_head", mask_head);

void total(benchmark::State& state, Device device) {
  const Var x(Tensor::full({kRows, 4098}, 0.5f, device));
  for (auto _ : state) {
    sum(x);
    synchronize(device);
  }
  set_work(state, device, {.flops = 1.0 * x.size(), .bytes = 4.0 * x.size()});
}
const bool registered_sum = on_devices("sum", total);

}  // namespace
}  // namespace unmix::bench
