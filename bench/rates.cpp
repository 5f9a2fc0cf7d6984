#include "bench/rates.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "tensor/gemm.h"
#include "tensor/memory.h"
#include "tensor/tensor.h"

namespace unmix::bench {
namespace {

constexpr int kRepetitions = 5;

double best_seconds(Device device, const std::function<void()>& work) {
  double best = 1e300;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    synchronize(device);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

// Tensor's own copy takes one thread of the CPU, which does not fill the memory's bandwidth.
void copy_all(Tensor& to, const Tensor& from) {
  if (from.device() == Device::cuda) return to.copy_from(from);
  const int64_t parts = omp_get_max_threads();
#pragma omp parallel for schedule(static)
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t begin = from.size() * part / parts, end = from.size() * (part + 1) / parts;
    copy(to.data() + begin, Device::cpu, from.data() + begin, Device::cpu, end - begin);
  }
}

double copy_rate(Device device) {
  constexpr int64_t kValues = int64_t{1} << 27;  // 512 MiB; the caches of large servers hold a few hundred
  const Tensor from = Tensor::full({kValues}, 1.0f, device);
  Tensor to = Tensor::full({kValues}, 0.0f, device);
  return 8.0 * kValues / best_seconds(device, [&] { copy_all(to, from); });
}

double product_rate(Device device) {
  const int64_t n = device == Device::cuda ? 4096 : 2048;
  const Tensor a = Tensor::full({n, n}, 0.5f, device), b = Tensor::full({n, n}, 0.5f, device);
  Tensor c = Tensor::empty({n, n}, device);
  const Gemm product{.m = n, .n = n, .k = n, .a = a.data(), .lda = n, .b = b.data(), .ldb = n, .c = c.data(), .ldc = n};
  const PrecisionScope float32(Precision::fp32);
  return 2.0 * n * n * n / best_seconds(device, [&] { gemm(device, product); });
}

Rates measure(Device device) {
  const Rates rates{copy_rate(device), product_rate(device)};
  release_cpu_memory();  // the benchmarks shall find the pool as a program finds it
  return rates;
}

}  // namespace

const Rates& rates(Device device) {
  if (device == Device::cuda) {
    static const Rates cuda = measure(Device::cuda);
    return cuda;
  }
  static const Rates cpu = measure(Device::cpu);
  return cpu;
}

}  // namespace unmix::bench
