// Negative controls of the instrumented build: what only a watch over every access finds, and what it counts.
#ifdef UNMIX_CUDA_SIM_CHECK
#include "tensor/launch.h"
#include "tests/cudasim/helpers.h"

namespace cudasim {
namespace {

namespace gpu = unmix::gpu;
using testing::AllOf;
using testing::HasSubstr;

__global__ void rotate_twice(float* out, bool second_barrier) {
  float* places = gpu::shared_memory<float>();
  places[gpu::thread()] = static_cast<float>(gpu::thread());
  gpu::barrier();
  const float next = places[(gpu::thread() + 1) % gpu::block_threads()];
  if (second_barrier) gpu::barrier();
  places[gpu::thread()] = next;
  out[gpu::thread()] = places[gpu::thread()];
}
// Each thread writes its own place and reads that of the next block.
__global__ void read_of_next_block(float* data, float* out) {
  const unsigned i = gpu::block() * gpu::block_threads() + gpu::thread();
  data[i] = 1.0f;
  out[i] = data[(i + gpu::block_threads()) % (gpu::grid_blocks() * gpu::block_threads())];
}
__global__ void all_write_one_place(float* data) { data[0] = 1.0f; }
__global__ void copy(const float* from, float* to, unsigned count) {
  const unsigned i = gpu::block() * gpu::block_threads() + gpu::thread();
  if (i < count) to[i] = from[i];
}
__global__ void copy_strided(const float* from, float* to, unsigned stride) {
  to[gpu::thread()] = from[gpu::thread() * stride];
}
__global__ void load_vectors(const float* from, float4* to) {
  to[gpu::thread()] = reinterpret_cast<const float4*>(from)[gpu::thread()];
}
__global__ void shared_columns(float* out, unsigned stride) {
  float* shared = gpu::shared_memory<float>();
  shared[gpu::thread() * stride] = 1.0f;
  out[gpu::thread()] = shared[gpu::thread() * stride];
}
__global__ void read_unwritten_shared_memory(float* out) {
  out[gpu::thread()] = gpu::shared_memory<float>()[gpu::thread()];
}

class Checks : public SimulatedDevice {
 protected:
  std::string outcome() {
    const cudaError_t error = cudaStreamSynchronize(stream_);
    return std::string(cudaGetErrorName(error)) + ": " + report();
  }
  float* zeros(size_t count) {
    float* data = device_memory(count, stream_);
    cudaMemsetAsync(data, 0, count * sizeof(float), stream_);
    return data;
  }
  void free_all(std::initializer_list<void*> memory) {
    for (void* data : memory) cudaFreeAsync(data, stream_);
  }
  cudaStream_t stream_ = make_stream();
};

TEST_F(Checks, DroppedBarrier) {
  float* out = device_memory(64, stream_);
  unmix::launch(rotate_twice, 1, 64, 64 * sizeof(float), stream_, out, true);
  EXPECT_EQ(outcome(), "cudaSuccess: ");
  unmix::launch(rotate_twice, 1, 64, 64 * sizeof(float), stream_, out, false);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("rotate_twice"), HasSubstr("checks_test.cpp:"), HasSubstr("races with a"),
                               HasSubstr("shared memory, byte")));
  free_all({out});
}

TEST_F(Checks, RaceBetweenBlocks) {
  float *data = zeros(128), *out = device_memory(128, stream_);
  unmix::launch(read_of_next_block, 2, 64, 0, stream_, data, out);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("read_of_next_block"), HasSubstr("races with a"), HasSubstr("allocation")));
  free_all({data, out});
}

TEST_F(Checks, RaceOfWrites) {
  float* data = zeros(1);
  unmix::launch(all_write_one_place, 1, 2, 0, stream_, data);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("all_write_one_place"), HasSubstr("races with a write of block 0")));
  free_all({data});
}

TEST_F(Checks, UninitialisedRead) {
  float *from = device_memory(40, stream_), *to = device_memory(40, stream_);
  cudaMemsetAsync(from, 0, 39 * sizeof(float), stream_);
  unmix::launch(copy, 1, 64, 0, stream_, from, to, 40u);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("thread 39"), HasSubstr("never written"), HasSubstr("at byte 156")));
  free_all({from, to});
}

TEST_F(Checks, UninitialisedSharedMemory) {
  float* to = device_memory(32, stream_);
  unmix::launch(read_unwritten_shared_memory, 1, 32, 128, stream_, to);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("never written"), HasSubstr("shared memory, byte")));
  free_all({to});
}

TEST_F(Checks, UninitialisedCopyToTheHost) {
  float *from = device_memory(40, stream_), host[40];
  EXPECT_EQ(cudaMemcpyAsync(host, from, sizeof host, cudaMemcpyDeviceToHost, stream_), cudaErrorLaunchFailure);
  EXPECT_THAT(report(), HasSubstr("never written"));
  free_all({from});
}

TEST_F(Checks, OneElementPastTheEnd) {
  float *from = zeros(41), *to = device_memory(40, stream_);
  unmix::launch(copy, 1, 64, 0, stream_, from, to, 41u);
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("thread 40"), HasSubstr("a write of 4 bytes"), HasSubstr("0 bytes past the end")));
  free_all({from, to});
}

TEST_F(Checks, BeforeTheStart) {
  float *from = zeros(40), *to = device_memory(40, stream_);
  unmix::launch(copy, 1, 32, 0, stream_, from - 1, to, 40u);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("thread 0"), HasSubstr("4 bytes before the start")));
  free_all({from, to});
}

TEST_F(Checks, KernelReadsTheHost) {
  const std::vector<float> host(32);
  float* to = device_memory(32, stream_);
  unmix::launch(copy, 1, 32, 0, stream_, host.data(), to, 32u);
  EXPECT_THAT(outcome(), AllOf(HasSubstr("is of the host's memory"), HasSubstr("a read of 4 bytes")));
  free_all({to});
}

TEST_F(Checks, UnalignedVectorLoad) {
  float *from = zeros(36), *to = device_memory(32, stream_);
  unmix::launch(load_vectors, 1, 8, 0, stream_, from, reinterpret_cast<float4*>(to));
  EXPECT_EQ(outcome(), "cudaSuccess: ");
  unmix::launch(load_vectors, 1, 8, 0, stream_, from + 1, reinterpret_cast<float4*>(to));
  EXPECT_THAT(outcome(), AllOf(HasSubstr("MisalignedAddress"), HasSubstr("not aligned"), HasSubstr("16 bytes")));
  free_all({from, to});
}

TEST_F(Checks, BytesAndSectors) {
  float *from = zeros(32 * 8), *to = device_memory(32, stream_);
  reset_counters();
  unmix::launch(copy, 1, 32, 0, stream_, from, to, 32u);
  unmix::launch(copy_strided, 1, 32, 0, stream_, from, to, 8u);
  const Counters dense = counted("cudasim::copy"), strided = counted("cudasim::copy_strided");
  EXPECT_EQ(dense.bytes_asked, 256u);
  EXPECT_EQ(dense.sectors, 8u);  // 128 bytes read and 128 written
  EXPECT_EQ(strided.bytes_asked, 256u);
  EXPECT_EQ(strided.sectors, 36u);  // each read in a sector of its own
  free_all({from, to});
}

// Of a kernel in the library: its files are watched too.
TEST_F(Checks, FillWritesEachFloatOnce) {
  const auto data = unmix::allocate(8000, unmix::Device::cuda);
  reset_counters();
  unmix::fill(data.get(), unmix::Device::cuda, 1.0f, 8000);
  EXPECT_EQ(counted("for_kernel<Fill>").bytes_asked, 32000u);
  EXPECT_EQ(counted("for_kernel<Fill>").sectors, 1000u);
}

TEST_F(Checks, BankConflicts) {
  float* out = device_memory(32, stream_);
  for (const auto& [stride, expected] : {std::pair{1u, 0u}, {2u, 2u}, {32u, 62u}, {33u, 0u}}) {
    reset_counters();
    unmix::launch(shared_columns, 1, 32, 32 * 33 * sizeof(float), stream_, out, stride);
    EXPECT_EQ(counted("cudasim::shared_columns").bank_conflicts, expected) << stride;
  }
  free_all({out});
}

}  // namespace
}  // namespace cudasim
#endif
