// Memory, streams and handles of several threads and of two devices, as the tensor library uses them.
#include <gmock/gmock.h>

#include <thread>

#include "autograd/ops.h"
#include "tensor/conv2d.h"
#include "tensor/fft.h"
#include "tensor/gemm.h"
#include "tensor/group_limits.h"
#include "tensor/launch.h"
#include "tensor/lstm.h"
#include "tests/cudasim/helpers.h"
#include "tests/support/audio_helpers.h"
#include "tests/support/op_references.h"
#include "tests/support/tensor_helpers.h"

namespace cudasim {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using unmix::Device;
using unmix::Tensor;
using unmix::test::error_of;

constexpr int kSeeds = 16;

class Streams : public SimulatedDevice {
 protected:
  void TearDown() override {
    finish();
    SimulatedDevice::TearDown();
  }

  // On a thread, which takes with it what it has on each of them.
  void with_two_devices(const std::function<void()>& calls) {
    Settings two = settings();
    two.devices = 2;
    configure(two);
    std::thread(calls).join();
  }

  // A tensor of twos whose stream is that of a thread which is gone; its values are there.
  static Tensor of_another_thread(int device = 0) {
    Tensor made;
    std::thread([&] {
      unmix::use_cuda_device(device);
      made = Tensor::full({1000}, 2.0f, Device::cuda);
      unmix::synchronize(Device::cuda);
    }).join();
    return made;
  }

  // What `calls` gives and what is reported, under orders of the queues that differ; all must be `right` and nothing.
  void expect_under_seeds(float right, const std::function<float()>& calls) {
    EXPECT_THAT(under_seeds(kSeeds,
                            [&] {
                              const float result = calls();
                              finish();
                              return result;
                            }),
                Each(right));
    EXPECT_THAT(report(), IsEmpty());
  }
};

// ---- threads ------------------------------------------------------------------------------------------------------

TEST_F(Streams, ABlockOutlivesTheWorkOfTheThreadThatDropsIt) {
  expect_under_seeds(3.0f, [] {
    Tensor source = of_another_thread();
    const Tensor result = add_scalar(unmix::Var(source), 1.0f).value();
    source = {};
    return result.to_vector().back();
  });
}

TEST_F(Streams, AThreadsStreamGoesToTheNextThread) {
  Tensor target = Tensor::zeros({1000}, Device::cuda);
  unmix::synchronize(Device::cuda);
  std::vector<cudaStream_t> used;
  for (int i = 0; i < 3; ++i)
    std::thread([&] {
      target.copy_from(Tensor::full({1000}, 1.0f));  // page-locked memory is a thread's first act on the device
      used.push_back(unmix::current_stream());
    }).join();
  EXPECT_THAT(used, Each(used[0]));
}

TEST_F(Streams, AThreadsStreamIsDoneBeforeItGoesToTheNext) {
  expect_under_seeds(1.0f, [] {
    Tensor target = Tensor::zeros({1000}, Device::cuda);
    unmix::synchronize(Device::cuda);
    std::thread([&] { target.copy_from(Tensor::full({1000}, 1.0f)); }).join();
    return target.to_vector().back();
  });
}

// ---- page-locked memory -------------------------------------------------------------------------------------------

TEST_F(Streams, LargeCopiesGoThroughSeveralBlocks) {
  std::vector<float> values((size_t{5} << 20) + 3);  // two and a half blocks of 8 MiB
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto blocks = [] {
    const auto all = live_allocations();
    return std::count_if(all.begin(), all.end(),
                         [](auto& line) { return line.find("of 8388608 bytes") != std::string::npos; });
  };
  const Tensor source = Tensor::from(values, {static_cast<int64_t>(values.size())});
  for (const int64_t limit : {int64_t{1}, unmix::GroupLimits().pinned_bytes}) {
    std::thread([&] {
      unmix::group_limits().pinned_bytes = limit;
      Tensor copy = source.to(Device::cuda);
      EXPECT_EQ(copy.to_vector(), values);
    }).join();
    EXPECT_LE(blocks(), limit == 1 ? 1 : 3);
  }
}

// ---- two devices --------------------------------------------------------------------------------------------------

using TwoDevices = Streams;

TEST_F(TwoDevices, ABlockIsFreedBehindTheWorkOfItsOwnDevice) {
  with_two_devices([this] {
    expect_under_seeds(3.0f, [] {
      Tensor source = of_another_thread();
      const Tensor result = add_scalar(unmix::Var(source), 1.0f).value();
      cudaSetDevice(1);  // as a host program may, past us
      Tensor::full({10}, 1.0f, Device::cuda).to_vector();
      source = {};
      cudaSetDevice(0);
      return result.to_vector().back();
    });
  });
}

TEST_F(TwoDevices, ABlockIsFreedBehindACopyToTheOther) {
  with_two_devices([this] {
    expect_under_seeds(2.0f, [] {
      Tensor source = Tensor::full({1000}, 2.0f, Device::cuda);
      unmix::use_cuda_device(1);
      Tensor copy = Tensor::empty({1000}, Device::cuda);
      copy.copy_from(source);
      source = {};
      const float value = copy.to_vector().back();
      unmix::use_cuda_device(0);
      return value;
    });
  });
}

TEST_F(TwoDevices, ChoosingAnotherWaitsForTheResultsOfTheFirst) {
  with_two_devices([this] {
    expect_under_seeds(2.0f, [] {
      const Tensor source = Tensor::full({1000}, 2.0f, Device::cuda);
      unmix::use_cuda_device(1);
      const float value = source.to_vector().back();
      unmix::use_cuda_device(0);
      return value;
    });
  });
}

// Products, transforms and kernels on the thread's device.
std::vector<float> use_every_library() {
  const auto random = [](const unmix::Shape& shape, uint64_t seed) {
    return unmix::test::random_tensor(shape, seed, -1.0, 1.0, Device::cuda);
  };
  const Tensor x = random({8, 16}, 1), images = random({1, 2, 6, 6}, 2), filters = random({3, 2, 3, 3}, 3);
  const unmix::LstmShape shape{8, 1, 16, 4, 2};
  const auto weights = unmix::test::random_lstm_weights(shape, Device::cuda);
  Tensor spectrum = Tensor::empty({8, 9, 2}, Device::cuda), y = Tensor::empty({8, 1, 8}, Device::cuda);
  unmix::rfft_cuda({16, 8}, x.data(), spectrum.data());
  unmix::lstm_forward_cuda(shape, weights, x.reshape({8, 1, 16}), y, nullptr);
  std::vector<float> all;
  for (const Tensor& result : {matmul(unmix::Var(x), unmix::Var(random({16, 5}, 4))).value(), spectrum, y,
                               conv2d(unmix::Var(images), unmix::Var(filters), {}, 1, 0).value()}) {
    const std::vector<float> values = result.to_vector();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_F(TwoDevices, EachHasItsOwnHandles) {
  with_two_devices([] {
    const std::vector<float> first = use_every_library();
    for (const int device : {1, 0, 1}) {
      unmix::use_cuda_device(device);
      EXPECT_EQ(use_every_library(), first) << device;
    }
  });
  finish();
  EXPECT_THAT(report(), IsEmpty());
}

// Negative controls: what a device's work must not touch.
TEST_F(TwoDevices, TheOthersMemoryIsNoticed) {
  with_two_devices([] {
    const Tensor source = of_another_thread(1);
    Tensor spectrum = Tensor::empty({502, 2}, Device::cuda);
    EXPECT_THROW(unmix::rfft_cuda({1000, 1}, source.data(), spectrum.data()), Misuse);
    EXPECT_THAT(error_of([&] { add_scalar(unmix::Var(source), 1.0f).value().to_vector(); }),
                HasSubstr("on another device"));
    forget();
  });
}

TEST_F(TwoDevices, TheOthersStreamsAndEventsAreNoticed) {
  with_two_devices([] {
    const cudaStream_t stream = make_stream();
    const cudaEvent_t event = make_event();
    cudaSetDevice(1);
    EXPECT_THROW(enqueue(stream, "work", [] {}), Misuse);
    EXPECT_EQ(cudaEventRecord(event, make_stream()), cudaErrorInvalidResourceHandle);
    EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidResourceHandle);
    cudaEventDestroy(event);
  });
}

// ---- sizes --------------------------------------------------------------------------------------------------------

__global__ void set_first(float* data) { data[0] = 1.0f; }

TEST_F(Streams, AGridIsNotCutToItsLastBits) {
  float* data = nullptr;
  for (const int64_t blocks : {int64_t{1} << 31, (int64_t{1} << 32) + 1})
    EXPECT_THAT(error_of([&] { unmix::launch(set_first, blocks, 1, 0, unmix::current_stream(), data); }),
                HasSubstr(std::to_string(blocks) + " blocks"));
}

TEST_F(Streams, SizesOfLibraryCallsAreNotCutToTheirLastBits) {
  const int64_t huge = (int64_t{1} << 32) + 1;
  EXPECT_THAT(error_of([&] {
                unmix::conv2d_forward_cuda({huge, 1, 3, 3, 1, 3, 1, 0}, nullptr, nullptr, nullptr);
              }),
              HasSubstr("a size of 4294967297"));
  EXPECT_THAT(error_of([&] { unmix::rfft_cuda({huge - 1, 1}, nullptr, nullptr); }), HasSubstr("a size of 4294967296"));
}

// ---- what is set before main() ------------------------------------------------------------------------------------

TEST_F(Streams, TheEnvironmentIsSetBeforeAnyStream) { EXPECT_STREQ(getenv("CUBLAS_WORKSPACE_CONFIG"), ":4096:2"); }

TEST(StreamsDeathTest, WorkspacesOfSeveralSizesAreWarnedOf) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, whose first stream this is
  const auto start = [](const char* value) {
    setenv("CUBLAS_WORKSPACE_CONFIG", value, 1);
    unmix::current_stream();
    std::fputs("started", stderr);
    std::_Exit(0);
  };
  const auto ended = testing::ExitedWithCode(0);
  EXPECT_EXIT(start(":16:8:4096:2"), ended, "^unmix: warning: CUBLAS_WORKSPACE_CONFIG=:16:8:4096:2 .*\nstarted");
  EXPECT_EXIT(start(":16:8"), ended, "^started");
}

}  // namespace
}  // namespace cudasim
