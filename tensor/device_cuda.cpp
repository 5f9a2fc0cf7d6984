#include <cstdlib>
#include <mutex>
#include <string_view>
#include <vector>

#include "tensor/cuda_runtime.h"
#include "tensor/memory_cuda.h"

namespace unmix {
namespace {

constexpr int kMaxDevices = 64;
constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// Memory freed in stream order stays with the process: a training loop asks the driver for none after its first step.
void keep_freed_memory(int device) {
  int supported = 0;
  UNMIX_CUDA_CHECK(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device));
  check(supported != 0, "cuda", "cuda:{} has no stream-ordered memory pools; a newer driver or GPU is needed", device);
  cudaMemPool_t pool = nullptr;
  UNMIX_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device));
  uint64_t threshold = UINT64_MAX;
  UNMIX_CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
}

class StreamPool {
 public:
  static StreamPool& instance() {
    static auto* pool = new StreamPool;  // never destroyed: tensors in static storage name their streams at exit
    return *pool;
  }

  cudaStream_t take(int device) {
    const std::lock_guard lock(mutex_);
    prepare(device);
    auto& idle = devices_[device].idle;
    if (!idle.empty()) {
      const cudaStream_t stream = idle.back();
      idle.pop_back();
      return stream;
    }
    cudaStream_t stream = nullptr;
    UNMIX_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
  }

  void give(int device, cudaStream_t stream) {
    const std::lock_guard lock(mutex_);
    devices_[device].idle.push_back(stream);
  }

 private:
  struct PerDevice {
    bool prepared = false;
    std::vector<cudaStream_t> idle;
  };

  void prepare(int device) {
    if (devices_[device].prepared) return;
    // cuDNN's LSTM repeats bit for bit only with cuBLAS buffers of a fixed size (cuDNN release notes, RNN).
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:2", 0);
    keep_freed_memory(device);
    devices_[device].prepared = true;
  }

  std::mutex mutex_;
  PerDevice devices_[kMaxDevices];
};

// Without a destructor, so that it can be read until the last moment of the thread.
thread_local cudaStream_t thread_streams[kMaxDevices] = {};

struct ReturnStreams {
  ~ReturnStreams() {
    for (int device = 0; device < kMaxDevices; ++device) {
      if (thread_streams[device] == nullptr) continue;
      cudaStreamSynchronize(thread_streams[device]);
      StreamPool::instance().give(device, thread_streams[device]);
      thread_streams[device] = nullptr;
    }
  }
};

// "tensor/gemm_cuda.cpp" of whatever path the compiler was given.
std::string_view short_path(std::string_view file) {
  const size_t slash = file.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return file;
  const size_t folder = file.rfind('/', slash - 1);
  return folder == std::string_view::npos ? file : file.substr(folder + 1);
}

std::string out_of_memory() {
  size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) return "out of memory";
  return fmt::format(
      "out of memory: {:.2f} of {:.2f} GiB are free on the device; a smaller batch or shorter excerpt "
      "needs less",
      static_cast<double>(free) / kGiB, static_cast<double>(total) / kGiB);
}

}  // namespace

int current_cuda_device() {
  int device = 0;
  UNMIX_CUDA_CHECK(cudaGetDevice(&device));
  check(device < kMaxDevices, "cuda", "cuda:{} is beyond the {} devices that are supported", device, kMaxDevices);
  return device;
}

cudaStream_t current_stream() {
  const int device = current_cuda_device();
  if (thread_streams[device] == nullptr) {
    thread_local const ReturnStreams returned_at_thread_exit;
    thread_streams[device] = StreamPool::instance().take(device);
  }
  return thread_streams[device];
}

cudaStream_t existing_stream() noexcept {
  int device = 0;
  return cudaGetDevice(&device) == cudaSuccess && device < kMaxDevices ? thread_streams[device] : nullptr;
}

void library_failure(const char* library, const char* call, const std::string& reason, const char* file, int line) {
  fail(library, "{} failed: {} ({}:{})", call, reason, short_path(file), line);
}

void cuda_failure(cudaError_t status, const char* call, const char* file, int line) {
  static_cast<void>(cudaGetLastError());  // reported now, so that no later call reports it again
  if (status == cudaErrorMemoryAllocation) library_failure("cuda", call, out_of_memory(), file, line);
  library_failure("cuda", call, fmt::format("{}, {}", cudaGetErrorName(status), cudaGetErrorString(status)), file,
                  line);
}

int cuda_device_count_cuda() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  static_cast<void>(cudaGetLastError());  // no driver, or no device
  return 0;
}

void use_cuda_device_cuda(int index) { UNMIX_CUDA_CHECK(cudaSetDevice(index)); }

std::string cuda_device_name_cuda(int index) {
  cudaDeviceProp properties{};
  UNMIX_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  return fmt::format("{} (compute {}.{}, {:.1f} GiB)", properties.name, properties.major, properties.minor,
                     static_cast<double>(properties.totalGlobalMem) / kGiB);
}

void synchronize_cuda() { UNMIX_CUDA_CHECK(cudaStreamSynchronize(current_stream())); }

}  // namespace unmix
