// Kernels on the simulated device: indices, barriers, shuffles, and results that do not depend on the order of threads.
#include "tensor/launch.h"
#include "tests/cudasim/helpers.h"

namespace cudasim {
namespace {

namespace gpu = unmix::gpu;

__global__ void write_places(unsigned* out) {
  unsigned* mine = out + 4 * (gpu::block() * gpu::block_threads() + gpu::thread());
  mine[0] = gpu::block(), mine[1] = gpu::thread(), mine[2] = gpu::block_threads(), mine[3] = gpu::grid_blocks();
}

// out[block] = the sum of the block's threads' numbers, by shuffles and shared memory.
__global__ void sum_block(float* out) {
  float* sums = gpu::shared_memory<float>();
  float total = static_cast<float>(gpu::thread());
  for (int distance = gpu::kWarp / 2; distance > 0; distance /= 2) total += gpu::shuffle_down(total, distance);
  if (gpu::thread() % gpu::kWarp == 0) sums[gpu::thread() / gpu::kWarp] = total;
  gpu::barrier();
  if (gpu::thread() != 0) return;
  total = 0;
  for (unsigned w = 0; w < gpu::block_threads() / gpu::kWarp; ++w) total += sums[w];
  out[gpu::block()] = total;
}

// Each thread hands its value around the block, one place at each round.
__global__ void rotate(float* out, int rounds) {
  float* places = gpu::shared_memory<float>();
  places[gpu::thread()] = static_cast<float>(gpu::thread());
  for (int round = 0; round < rounds; ++round) {
    gpu::barrier();
    const float next = places[(gpu::thread() + 1) % gpu::block_threads()];
    gpu::barrier();
    places[gpu::thread()] = next;
  }
  out[gpu::thread()] = places[gpu::thread()];
}

__global__ void take_from_above(double* out) {
  out[gpu::thread()] = gpu::shuffle_down(static_cast<double>(gpu::thread()), 3);
}

class Kernels : public SimulatedDevice {};

TEST_F(Kernels, EveryThreadRunsOnceWithItsPlace) {
  const cudaStream_t stream = make_stream();
  constexpr unsigned kGrid = 13, kBlock = 45;  // no whole warp
  unsigned* data = device_memory<unsigned>(4 * kGrid * kBlock, stream);
  unmix::launch(write_places, kGrid, kBlock, 0, stream, data);
  const auto places = read(data, 4 * kGrid * kBlock, stream);
  for (unsigned i = 0; i < kGrid * kBlock; ++i) {
    ASSERT_EQ(places[4 * i], i / kBlock);
    ASSERT_EQ(places[4 * i + 1], i % kBlock);
    ASSERT_EQ(places[4 * i + 2], kBlock);
    ASSERT_EQ(places[4 * i + 3], kGrid);
  }
  cudaFreeAsync(data, stream);
}

TEST_F(Kernels, ShufflesAndBarriersAddUpABlock) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(70, stream);
  const auto sums = under_seeds(5, [&] {
    unmix::launch(sum_block, 70, 1024, 32 * sizeof(float), stream, data);
    const auto values = read(data, 70, stream);
    EXPECT_THAT(values, testing::Each(values[0]));
    return values[0];
  });
  EXPECT_THAT(sums, testing::Each(1023.0f * 1024 / 2));
  cudaFreeAsync(data, stream);
}

TEST_F(Kernels, BarriersSeparateRounds) {
  const cudaStream_t stream = make_stream();
  float* data = device_memory(100, stream);
  const auto firsts = under_seeds(5, [&] {
    unmix::launch(rotate, 1, 100, 100 * sizeof(float), stream, data, 7);
    const auto values = read(data, 100, stream);
    for (size_t i = 0; i < 100; ++i) EXPECT_EQ(values[i], static_cast<float>((i + 7) % 100));
    return values[0];
  });
  EXPECT_THAT(firsts, testing::Each(7.0f));
  cudaFreeAsync(data, stream);
}

TEST_F(Kernels, ShuffleKeepsTheValueWhereNoLaneIsAbove) {
  const cudaStream_t stream = make_stream();
  double* data = device_memory<double>(32, stream);
  unmix::launch(take_from_above, 1, 32, 0, stream, data);
  const auto values = read(data, 32, stream);
  for (size_t i = 0; i < 32; ++i) EXPECT_EQ(values[i], static_cast<double>(i < 29 ? i + 3 : i));
  cudaFreeAsync(data, stream);
}

#ifndef UNMIX_CUDA_SIM_CHECK  // where the race is an error
// For a test of the order alone.
__global__ void note_order(unsigned* next, unsigned* out) {
  out[gpu::block() * gpu::block_threads() + gpu::thread()] = (*next)++;
}

TEST_F(Kernels, SeedsChangeTheOrderOfThreads) {
  const cudaStream_t stream = make_stream();
  unsigned *next = device_memory<unsigned>(1, stream), *data = device_memory<unsigned>(256, stream);
  std::vector<std::vector<unsigned>> orders;
  under_seeds(4, [&] {
    cudaMemsetAsync(next, 0, sizeof *next, stream);
    unmix::launch(note_order, 4, 64, 0, stream, next, data);
    orders.push_back(read(data, 256, stream));
    return 0.0f;
  });
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[0], orders[2]);
  EXPECT_NE(orders[1], orders[3]);
  cudaFreeAsync(next, stream);
  cudaFreeAsync(data, stream);
}
#endif

}  // namespace
}  // namespace cudasim
