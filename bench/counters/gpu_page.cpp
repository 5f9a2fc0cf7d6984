// Counts what the CUDA kernels move on the simulated device, beside what their formulas ask for, and prints Markdown:
// the first half of docs/gpu.md (scripts/gpu-page.sh). Sizes are small; ratios of bytes do not depend on them.
#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

#include "autograd/loss_ops.h"
#include "autograd/openunmix_ops.h"
#include "optim/adam.h"
#include "tensor/lstm_engine.h"
#include "tests/cudasim/api.h"
#include "training/step.h"

namespace {

using namespace unmix;

constexpr Device kCuda = Device::cuda;
constexpr int64_t kRows = 64, kBins = 129, kColumns = 2 * kBins;  // measured
constexpr double kFullRows = 4144, kFullColumns = 4098;           // projected: one head at batch 16 x 6 s
constexpr double kBandwidth = 3.0e12, kFlops = 67e12;             // H100 SXM: reachable B/s, float32 FLOP/s

constexpr int64_t kFft = 4096, kHop = 1024, kFewFrames = 64, kManyFrames = 128, kFullFrames = 259;
constexpr double kLeastBytes = 4.73e9;  // of a joint step at batch 16 x 6 s, hidden size 512, in float32

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
  double moved = 0, sectors = 0;
  uint64_t launches = 0, conflicts = 0;
  for (const cudasim::Counters& c : cudasim::counters()) {
    moved += c.bytes;
    sectors += 32.0 * static_cast<double>(c.sectors);
    launches += c.launches;
    conflicts += c.bank_conflicts;
  }
  const double formula = 4.0 * work.floats * kRows * kColumns, full = 4.0 * work.floats * kFullRows * kFullColumns;
  const double seconds = std::max(full * moved / formula / kBandwidth, work.flops * kFullRows * kFullColumns / kFlops);
  fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.2f} | {:.1f} | {} | {} | {:.3f} |\n", work.name, work.formula,
             formula / 1e3, moved / 1e3, moved / formula, sectors / 1e3, launches, conflicts, seconds * 1e3);
}

// ---- A training step ----------------------------------------------------------------------------------------------

// The joint model of hidden size 512 on one excerpt of so many frames: its counters by name and file, and its calls.
// Every width is a real one, so that bytes and operations grow with the frames in a straight line.
struct Step {
  std::map<std::pair<std::string, std::string>, cudasim::Counters> counters;
  cudasim::HostCalls calls;
};

Step count_step(int64_t frames) {
  NetworkConfig config;
  config.max_bin = max_bin_of(44100, kFft, 16000);
  config.hidden = 512;
  JointOpenUnmix network(config, 1);
  network.to(kCuda);
  const Stft stft(kFft, kHop, kCuda);
  Adam optimizer(network.parameters(), {});
  const Objective objective("L2freq");
  const StepContext context{network, stft, objective, optimizer, 44100};
  const int64_t samples = (frames - 1) * kHop;
  const auto step = [&](uint64_t index) {
    Tensor mixture = Tensor::full({1, 2, samples}, 0.1f, kCuda),
           targets = Tensor::full({4, 1, 2, samples}, 0.05f, kCuda);
    cudasim::finish();
    cudasim::reset_counters();
    return training_step(context, std::move(mixture), std::move(targets), 1, index);
  };
  step(0).get();  // plans and handles are made
  const Readback loss = step(1);
  Step counted{{}, cudasim::host_calls()};
  for (const cudasim::Counters& c : cudasim::counters()) counted.counters[{c.name, c.file}] = c;
  loss.get();
  cudasim::finish();
  return counted;
}

// Of the straight line through (kFewFrames, few) and (kManyFrames, many).
double at(double frames, double few, double many) {
  return few + (many - few) * (frames - kFewFrames) / (kManyFrames - kFewFrames);
}

struct Row {
  std::string name, file;
  uint64_t calls;
  double launches, bytes, flops;
};

void print_row(const Row& row) {
  fmt::print("| {} | {} | {} | {:.0f} | {:.1f} | {:.1f} | {:.3f} |\n", row.name, row.file, row.calls, row.launches,
             row.bytes / 1e6, row.flops / 1e9, row.bytes / kBandwidth * 1e3);
}

void print_step() {
  const Step few = count_step(kFewFrames), many = count_step(kManyFrames);
  std::vector<Row> rows;
  Row sum{"**all**", "", 0, 0, 0, 0};
  for (const auto& [key, c] : many.counters) {
    const auto found = few.counters.find(key);
    const cudasim::Counters before = found == few.counters.end() ? cudasim::Counters{} : found->second;
    rows.push_back({key.first, key.second, c.calls,
                    at(kFullFrames, static_cast<double>(before.launches), static_cast<double>(c.launches)),
                    at(kFullRows, before.bytes, c.bytes), at(kFullRows, before.flops, c.flops)});
    sum.calls += c.calls, sum.launches += rows.back().launches;
    sum.bytes += rows.back().bytes, sum.flops += rows.back().flops;
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.bytes > b.bytes; });
  fmt::print(
      "\n## A step\n\nA joint L2freq step of hidden size 512, batch 16 x 6 s (4144 rows), drawn out from two steps of "
      "{} and {} rows. Launches: what a GPU runs at least for 259 frames, with the LSTM engine {}. Bytes: what moves "
      "between memory and caches if each launch moves a sector once.\n\n"
      "| kernel, library call, copy or fill | file | calls | launches | MB | GFLOP | bytes at 3.0 TB/s, ms |\n"
      "|---|---|---:|---:|---:|---:|---:|\n",
      kFewFrames, kManyFrames, name_of(lstm_engine_used(), lstm_engine_names));
  for (const Row& row : rows) print_row(row);
  print_row(sum);
  fmt::print(
      "\nThe least that such a step moves, fused as far as batch norm's statistics allow and with nothing kept in a "
      "cache between two launches, is {:.2f} GB: this one moves **{:.2f} times** that. **{} synchronisations, {} "
      "hidden ones "
      "and {} allocations inside the step**; the loss is read afterwards.\n",
      kLeastBytes / 1e9, sum.bytes / kLeastBytes, many.calls.synchronisations, many.calls.hidden_synchronisations,
      many.calls.allocations);
}

}  // namespace

int main() {
  fmt::print(
      "| work on {} x {} floats | formula, floats per element | formula, kB | moved, kB | moved / formula | 32-byte "
      "sectors of all requests, kB | launches | bank conflicts | projection at {} x {}, ms |\n"
      "|---|---|---:|---:|---:|---:|---:|---:|---:|\n",
      kRows, kColumns, kFullRows, kFullColumns);
  for (const Workload& work : workloads()) print_workload(work);
  print_step();
  return 0;
}
