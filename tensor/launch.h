// Parallel loops and reductions over either device: the only place where kernels are launched from, and the only
// pointwise kernels there are. Maths comes as named functors with an HD operator(); host-device lambdas are for index
// moves (they are many times slower on the host path of nvcc).
//
//   parallel_for(device, n, f)                         f(i) for 0 <= i < n
//   parallel_for(device, rows, cols, f)                f(r, c) for 0 <= r < rows, 0 <= c < cols
//   reduce_rows<N>(device, rows, cols, map, finish)    finish(r, sum over c of map(r, c))
//   reduce_cols<N>(device, rows, cols, map, finish)    finish(c, sum over r of map(r, c))
//
// map returns Values<float, N>, finish takes Values<double, N>. The order of every sum is fixed by the sizes alone, so
// results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/signals.h"
#include "tensor/device.h"
#include "tensor/divider.h"
#include "tensor/group_limits.h"
#include "tensor/hd.h"
#include "tensor/memory.h"

#ifdef UNMIX_CUDA
#if !defined(__CUDACC__) && !defined(UNMIX_CUDA_SIM)
#error "a file that includes tensor/launch.h is compiled as CUDA when CUDA is on"
#endif
#include "tensor/cuda_runtime.h"
#include "tensor/gpu.h"
#endif

namespace unmix {

template <class T, int N>
struct Values {
  T value[N];
  HD T& operator[](int i) { return value[i]; }
  HD const T& operator[](int i) const { return value[i]; }
};

namespace launch_detail {

constexpr int64_t kGrain = 8192;      // elements below which a second CPU thread costs more than it brings
constexpr int64_t kRowChunk = 16384;  // columns that one task of reduce_rows sums
constexpr int64_t kColRows = 512;     // rows that one task of reduce_cols sums
constexpr int64_t kColTile = 256;     // columns of one task of reduce_cols
constexpr int kLanes = 16;            // independent sums in a CPU chunk: one or two vector registers

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Room for the partial sums of a reduction, on the device that computes them.
class Scratch {
 public:
  Scratch(int64_t doubles, Device device) : buffer_(allocate(2 * doubles, device)) {}
  double* data() { return reinterpret_cast<double*>(buffer_.get()); }

 private:
  std::shared_ptr<float[]> buffer_;
};

// Adds the partial sums of one output, which lie `stride` apart, and hands them to finish.
template <int N, class Finish>
struct AddPartials {
  const double* partials;  // [chunk][output][N]
  int64_t chunks, outputs;
  Finish finish;
  HD void operator()(int64_t output) const {
    Values<double, N> total{};
    for (int64_t chunk = 0; chunk < chunks; ++chunk)
      for (int n = 0; n < N; ++n) total[n] += partials[(chunk * outputs + output) * N + n];
    finish(output, total);
  }
};

// ---- CPU ----------------------------------------------------------------------------------------------------------

template <class F>
void parallel_for_cpu(int64_t n, const F& f) {
  const SignalsBlocked scope(n > kGrain);
#pragma omp parallel for simd schedule(static) if (n > kGrain)
  for (int64_t i = 0; i < n; ++i) f(i);
}

template <class F>
void parallel_for_cpu(int64_t rows, int64_t cols, const F& f) {
  const int64_t chunks = ceil_div(cols, kRowChunk);
  const SignalsBlocked scope(rows * cols > kGrain);
#pragma omp parallel for schedule(static) if (rows * cols > kGrain)
  for (int64_t task = 0; task < rows * chunks; ++task) {
    const int64_t row = task / chunks, begin = task % chunks * kRowChunk, end = std::min(cols, begin + kRowChunk);
#pragma omp simd
    for (int64_t col = begin; col < end; ++col) f(row, col);
  }
}

template <int N, class Map>
Values<double, N> sum_row_chunk(const Map& map, int64_t row, int64_t begin, int64_t end) {
  float lanes[N][kLanes] = {};
  int64_t col = begin;
  for (; col + kLanes <= end; col += kLanes) {
#pragma omp simd
    for (int lane = 0; lane < kLanes; ++lane) {
      const Values<float, N> value = map(row, col + lane);
      for (int n = 0; n < N; ++n) lanes[n][lane] += value[n];
    }
  }
  Values<double, N> total{};
  for (int n = 0; n < N; ++n)
    for (int lane = 0; lane < kLanes; ++lane) total[n] += lanes[n][lane];
  for (; col < end; ++col) {
    const Values<float, N> value = map(row, col);
    for (int n = 0; n < N; ++n) total[n] += value[n];
  }
  return total;
}

template <int N, class Map, class Finish>
void reduce_rows_cpu(int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
  const int64_t chunks = std::max<int64_t>(1, ceil_div(cols, kRowChunk));
  Scratch scratch(chunks * rows * N, Device::cpu);
  double* partials = scratch.data();
  const SignalsBlocked scope(rows * cols > kGrain);
#pragma omp parallel for schedule(static) if (rows * cols > kGrain)
  for (int64_t task = 0; task < rows * chunks; ++task) {
    const int64_t row = task / chunks, chunk = task % chunks;
    const auto sum = sum_row_chunk<N>(map, row, chunk * kRowChunk, std::min(cols, (chunk + 1) * kRowChunk));
    for (int n = 0; n < N; ++n) partials[(chunk * rows + row) * N + n] = sum[n];
  }
  parallel_for_cpu(rows, AddPartials<N, Finish>{partials, chunks, rows, finish});
}

// Sums a tile of columns over a chunk of rows; float sums of 32 rows are added up in double.
template <int N, class Map>
void sum_tile(const Map& map, int64_t row_begin, int64_t row_end, int64_t col_begin, int width, double* partials) {
  double total[N][kColTile] = {};
  for (int64_t group = row_begin; group < row_end; group += 32) {
    float sums[N][kColTile] = {};
    for (int64_t row = group; row < std::min(group + 32, row_end); ++row) {
#pragma omp simd
      for (int col = 0; col < width; ++col) {
        const Values<float, N> value = map(row, col_begin + col);
        for (int n = 0; n < N; ++n) sums[n][col] += value[n];
      }
    }
    for (int n = 0; n < N; ++n)
      for (int col = 0; col < width; ++col) total[n][col] += sums[n][col];
  }
  for (int col = 0; col < width; ++col)
    for (int n = 0; n < N; ++n) partials[(col_begin + col) * N + n] = total[n][col];
}

template <int N, class Map, class Finish>
void reduce_cols_cpu(int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
  const int64_t chunks = std::max<int64_t>(1, ceil_div(rows, kColRows)), tiles = ceil_div(cols, kColTile);
  Scratch scratch(chunks * cols * N, Device::cpu);
  double* partials = scratch.data();
  const SignalsBlocked scope(rows * cols > kGrain);
#pragma omp parallel for schedule(static) if (rows * cols > kGrain)
  for (int64_t task = 0; task < chunks * tiles; ++task) {
    const int64_t chunk = task / tiles, col = task % tiles * kColTile;
    sum_tile<N>(map, chunk * kColRows, std::min(rows, (chunk + 1) * kColRows), col,
                static_cast<int>(std::min(kColTile, cols - col)), partials + chunk * cols * N);
  }
  parallel_for_cpu(cols, AddPartials<N, Finish>{partials, chunks, cols, finish});
}

// ---- CUDA ---------------------------------------------------------------------------------------------------------

#ifdef UNMIX_CUDA

// f of two indices as a function of one.
template <class F>
struct RowsAndColumns {
  F f;
  Divider cols;
  HD void operator()(int64_t i) const {
    const int64_t row = cols.quotient(i);
    f(row, i - row * cols.divisor());
  }
};

constexpr int kThreads = 256;
constexpr int64_t kCudaColRows = 64;

template <class F>
__global__ void __launch_bounds__(kThreads) for_kernel(int64_t n, F f) {
  const int64_t stride = static_cast<int64_t>(gpu::grid_blocks()) * kThreads;
  UNMIX_ROLLED  // most threads make one pass
      for (int64_t i = static_cast<int64_t>(gpu::block()) * kThreads + gpu::thread(); i < n; i += stride) f(i);
}

// One block per (row, chunk): each thread sums every 256th column, then the block adds up through shuffles.
template <int N, class Map>
__global__ void __launch_bounds__(kThreads)
    reduce_rows_kernel(int64_t rows, int64_t cols, Divider chunks, Map map, double* partials) {
  const int64_t row = chunks.quotient(gpu::block()), chunk = chunks.remainder(gpu::block());
  const int64_t end = cols < (chunk + 1) * kRowChunk ? cols : (chunk + 1) * kRowChunk;
  Values<float, N> sum{};
  for (int64_t col = chunk * kRowChunk + gpu::thread(); col < end; col += kThreads) {
    const Values<float, N> value = map(row, col);
    for (int n = 0; n < N; ++n) sum[n] += value[n];
  }
  double* warps = gpu::shared_memory<double>();  // [N][warps of the block]
  const int warp = static_cast<int>(gpu::thread()) / gpu::kWarp, lane = static_cast<int>(gpu::thread()) % gpu::kWarp;
  for (int n = 0; n < N; ++n) {
    double total = sum[n];
    for (int distance = gpu::kWarp / 2; distance > 0; distance /= 2) total += gpu::shuffle_down(total, distance);
    if (lane == 0) warps[n * (kThreads / gpu::kWarp) + warp] = total;
  }
  gpu::barrier();
  if (gpu::thread() < N) {
    double total = 0;
    for (int w = 0; w < kThreads / gpu::kWarp; ++w) total += warps[gpu::thread() * (kThreads / gpu::kWarp) + w];
    partials[(chunk * rows + row) * N + gpu::thread()] = total;
  }
}

// One thread per column and chunk of rows: neighbouring threads read neighbouring columns.
template <int N, class Map>
__global__ void __launch_bounds__(kThreads)
    reduce_cols_kernel(int64_t rows, int64_t cols, Divider tiles, Map map, double* partials) {
  const int64_t chunk = tiles.quotient(gpu::block());
  const int64_t col = tiles.remainder(gpu::block()) * kThreads + gpu::thread();
  if (col >= cols) return;
  const int64_t end = rows < (chunk + 1) * kCudaColRows ? rows : (chunk + 1) * kCudaColRows;
  Values<float, N> sum{};
  for (int64_t row = chunk * kCudaColRows; row < end; ++row) {
    const Values<float, N> value = map(row, col);
    for (int n = 0; n < N; ++n) sum[n] += value[n];
  }
  for (int n = 0; n < N; ++n) partials[(chunk * cols + col) * N + n] = sum[n];
}

#endif  // UNMIX_CUDA

}  // namespace launch_detail

#ifdef UNMIX_CUDA

// Launches a kernel on a stream and reports a refused launch.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int64_t blocks, unsigned block, size_t shared_bytes, cudaStream_t stream,
            Arguments... arguments) {
  check(blocks <= INT32_MAX, "cuda",
        "a kernel of {} blocks is too large: a smaller batch or shorter excerpt needs fewer", blocks);
  const auto grid = static_cast<unsigned>(blocks);
#ifdef UNMIX_CUDA_SIM
  cudasim::launch(kernel, grid, block, shared_bytes, stream, arguments...);
#else
  kernel<<<grid, block, shared_bytes, stream>>>(arguments...);
#endif
  UNMIX_CUDA_CHECK(cudaGetLastError());
}

namespace launch_detail {

template <class F>
void parallel_for_cuda(int64_t n, const F& f) {
  if (n == 0) return;
  const int64_t blocks = std::min(ceil_div(n, kThreads), group_limits().kernel_blocks);
  launch(for_kernel<F>, blocks, kThreads, 0, current_stream(), n, f);
}

template <class F>
void parallel_for_cuda(int64_t rows, int64_t cols, const F& f) {
  parallel_for_cuda(rows * cols, RowsAndColumns<F>{f, Divider(cols)});
}

template <int N, class Map, class Finish>
void reduce_rows_cuda(int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
  if (rows == 0) return;
  const int64_t chunks = std::max<int64_t>(1, ceil_div(cols, kRowChunk));
  Scratch scratch(chunks * rows * N, Device::cuda);
  launch(reduce_rows_kernel<N, Map>, rows * chunks, kThreads, sizeof(double) * N * (kThreads / gpu::kWarp),
         current_stream(), rows, cols, Divider(chunks), map, scratch.data());
  parallel_for_cuda(rows, AddPartials<N, Finish>{scratch.data(), chunks, rows, finish});
}

template <int N, class Map, class Finish>
void reduce_cols_cuda(int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
  if (cols == 0) return;
  const int64_t chunks = std::max<int64_t>(1, ceil_div(rows, kCudaColRows)), tiles = ceil_div(cols, kThreads);
  Scratch scratch(chunks * cols * N, Device::cuda);
  launch(reduce_cols_kernel<N, Map>, chunks * tiles, kThreads, 0, current_stream(), rows, cols, Divider(tiles), map,
         scratch.data());
  parallel_for_cuda(cols, AddPartials<N, Finish>{scratch.data(), chunks, cols, finish});
}

}  // namespace launch_detail

#endif  // UNMIX_CUDA

template <class F>
void parallel_for(Device device, int64_t n, const F& f) {
  UNMIX_DISPATCH(device, launch_detail::parallel_for, n, f);
}

template <class F>
void parallel_for(Device device, int64_t rows, int64_t cols, const F& f) {
  UNMIX_DISPATCH(device, launch_detail::parallel_for, rows, cols, f);
}

template <int N, class Map, class Finish>
void reduce_rows(Device device, int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
#ifdef UNMIX_CUDA
  if (device == Device::cuda) return launch_detail::reduce_rows_cuda<N>(rows, cols, map, finish);
#endif
  static_cast<void>(device);
  launch_detail::reduce_rows_cpu<N>(rows, cols, map, finish);
}

template <int N, class Map, class Finish>
void reduce_cols(Device device, int64_t rows, int64_t cols, const Map& map, const Finish& finish) {
#ifdef UNMIX_CUDA
  if (device == Device::cuda) return launch_detail::reduce_cols_cuda<N>(rows, cols, map, finish);
#endif
  static_cast<void>(device);
  launch_detail::reduce_cols_cpu<N>(rows, cols, map, finish);
}

}  // namespace unmix
