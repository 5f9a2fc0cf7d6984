// Counts what the CUDA kernels move on the simulated device, beside what their formulas ask for, and prints Markdown:
// the first half of docs/gpu.md (scripts/gpu-page.sh). Sizes are small; ratios of bytes do not depend on them.
#include <fmt/core.h>

#include <functional>

#include "autograd/loss_ops.h"
#include "autograd/openunmix_ops.h"
#include "optim/adam.h"
#include "tests/cudasim/api.h"
#include "training/step.h"

namespace {

using namespace unmix;

constexpr Device kCuda = Device::cuda;
constexpr int64_t kRows = 64, kBins = 129, kColumns = 2 * kBins;  // measured
constexpr double kFullRows = 4144, kFullColumns = 4098;           // projected: one head at batch 16 x 6 s
constexpr double kBandwidth = 3.0e12, kFlops = 67e12;             // H100 SXM: reachable B/s, float32 FLOP/s

// Work on a (rows, columns) tensor: floats that its formula reads and writes per element, operations per element.
struct Workload {
  const char* name;
  const char* formula;
  double floats, flops;
  std::function<void()> run;
};

Var value(Shape shape, bool differentiable = false) {
  return Var(Tensor::full(std::move(shape), 0.5f, kCuda), differentiable);
}

std::vector<Workload> workloads() {
  const auto x = std::make_shared<Var>(value({kRows, kColumns})), y = std::make_shared<Var>(value({kRows, kColumns}));
  const auto row = std::make_shared<Var>(value({kColumns})), bins = std::make_shared<Var>(value({kBins}));
  const auto running = std::make_shared<BatchStatistics>(
      BatchStatistics{Tensor::zeros({kColumns}, kCuda), Tensor::full({kColumns}, 1.0f, kCuda)});
  return {
      {"add", "read 2, write 1", 3, 1, [=] { *x + *y; }},
      {"mul by a row", "read 1, write 1", 2, 1, [=] { *x** row; }},
      {"tanh", "read 1, write 1", 2, 10, [=] { tanh(*x); }},
      {"dropout", "read 1, write 1", 2, 20, [=] { dropout(*x, 0.4f, 1, 2); }},
      {"sum", "read 1", 1, 1, [=] { sum(*x); }},
      {"sum of columns", "read 1", 1, 1, [=] { sum_axis(*x, 0); }},
      {"batch_norm", "read 2, write 1", 3, 6,
       [=] {
         batch_norm(*x, {*row, *row, running.get(), true});
       }},
      {"mask_head", "read 2, write 1", 3, 7,
       [=] {
         mask_head(*x, {*row, *row, running.get(), true}, *bins, *bins);
       }},
      {"mask_head, backward", "read 3 + 3, write 1 (and forward's 3)", 10, 20,
       [=] {
         const Var z = value({kRows, kColumns}, true);
         sum(mask_head(z, {*row, *row, running.get(), true}, *bins, *bins)).backward();
       }},
      {"distance of masked", "read 3", 3, 4,
       [=] {
         distance({reshape(*x, {1, kRows, kColumns}), y->value()}, y->value(), Distance::squared);
       }},
      {"Adam", "read 4, write 3", 7, 15,
       [] {
         Var p = value({kRows, kColumns}, true);
         Adam adam({{"p", p}}, {});
         p.set_grad(Tensor::full({kRows, kColumns}, 0.1f, kCuda));
         adam.step();
         cudasim::finish();
         p.set_grad(Tensor::full({kRows, kColumns}, 0.1f, kCuda));
         cudasim::finish();
         cudasim::reset_counters();
         adam.step();
       }},
  };
}

void print_workload(const Workload& work) {
  cudasim::finish();
  cudasim::reset_counters();
  work.run();
  cudasim::finish();
  double asked = 0, sectors = 0;
  uint64_t launches = 0, conflicts = 0;
  for (const cudasim::Counters& c : cudasim::counters()) {
    asked += static_cast<double>(c.bytes_asked);
    sectors += 32.0 * static_cast<double>(c.sectors);
    launches += c.calls;
    conflicts += c.bank_conflicts;
  }
  const double formula = 4.0 * work.floats * kRows * kColumns, full = 4.0 * work.floats * kFullRows * kFullColumns;
  const double seconds =
      std::max(full * sectors / formula / kBandwidth, work.flops * kFullRows * kFullColumns / kFlops);
  fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.2f} | {} | {} | {:.3f} |\n", work.name, work.formula,
             formula / 1e3, asked / 1e3, sectors / 1e3, sectors / formula, launches, conflicts, seconds * 1e3);
}

void print_step() {
  NetworkConfig config;
  config.bins = kBins;
  config.max_bin = 93;
  config.hidden = 32;
  JointOpenUnmix network(config, 1);
  network.to(kCuda);
  const Stft stft(256, 64, kCuda);
  Adam optimizer(network.parameters(), {});
  const Objective objective("L2freq");
  const StepContext context{network, stft, objective, optimizer, 44100};
  const auto step = [&](uint64_t index) {
    return training_step(context, Tensor::full({2, 2, 2048}, 0.1f, kCuda), Tensor::full({4, 2, 2, 2048}, 0.05f, kCuda),
                         1, index);
  };
  step(0).get();
  cudasim::finish();
  cudasim::reset_counters();
  const uint64_t before = cudasim::synchronisations();
  const Readback loss = step(1);
  const uint64_t inside = cudasim::synchronisations() - before;
  loss.get();
  cudasim::finish();
  uint64_t launches = 0, calls = 0;
  double flops = 0;
  for (const cudasim::Counters& c : cudasim::counters()) {
    (c.flops > 0 ? calls : launches) += c.calls;
    flops += c.flops;
  }
  fmt::print(
      "\nA joint L2freq step (hidden 32, 3 layers, batch 2): {} kernel launches and copies, {} library calls of {:.2f} "
      "GFLOP, **{} synchronisations inside the step**; the loss is read afterwards.\n",
      launches, calls, flops / 1e9, inside);
}

}  // namespace

int main() {
  fmt::print(
      "| work on {} x {} floats | formula, floats per element | formula, kB | asked for, kB | 32-byte sectors, kB | "
      "sectors / formula | launches | bank conflicts | projection at {} x {}, ms |\n"
      "|---|---|---:|---:|---:|---:|---:|---:|---:|\n",
      kRows, kColumns, kFullRows, kFullColumns);
  for (const Workload& work : workloads()) print_workload(work);
  print_step();
  return 0;
}
