#include <algorithm>
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

// cuDNN's LSTM repeats bit for bit only with cuBLAS buffers of one size (cuDNN release notes, RNN). Set before main():
// later other threads may be reading the environment.
constexpr const char* kWorkspaces = "CUBLAS_WORKSPACE_CONFIG";
[[maybe_unused]] const int workspaces_set = setenv(kWorkspaces, ":4096:2", 0);

// One size of buffers is ":KiB:count"; what the user has set may be several.
void warn_of_workspaces() {
  static std::once_flag once;
  std::call_once(once, [] {
    const char* set = std::getenv(kWorkspaces);
    const std::string_view value = set == nullptr ? "" : set;
    if (value.starts_with(':') && std::count(value.begin(), value.end(), ':') == 2) return;
    fmt::print(stderr,
               "unmix: warning: {}={} lets runs on CUDA differ in their last bits; leave it unset, or give one size of "
               "buffers as in :4096:2\n",
               kWorkspaces, value);
  });
}

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
    warn_of_workspaces();
    keep_freed_memory(device);
    devices_[device].prepared = true;
  }

  std::mutex mutex_;
  PerDevice devices_[kMaxDevices];
};

// Without a destructor, so that it can be read until the last moment of the thread.
thread_local cudaStream_t streams_of_thread[kMaxDevices] = {};

struct ReturnStreams {
  ~ReturnStreams() {
    for (int device = 0; device < kMaxDevices; ++device) {
      if (streams_of_thread[device] == nullptr) continue;
      cudaStreamSynchronize(streams_of_thread[device]);
      StreamPool::instance().give(device, streams_of_thread[device]);
      streams_of_thread[device] = nullptr;
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
  if (streams_of_thread[device] == nullptr) {
    thread_local const ReturnStreams returned_at_thread_exit;
    streams_of_thread[device] = StreamPool::instance().take(device);
  }
  return streams_of_thread[device];
}

std::span<const cudaStream_t> thread_streams() noexcept { return streams_of_thread; }

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

// What the thread gave its device before is done then: copies on the new one may read it.
void use_cuda_device_cuda(int index) {
  const int before = current_cuda_device();
  if (index != before && streams_of_thread[before] != nullptr) synchronize_cuda();
  UNMIX_CUDA_CHECK(cudaSetDevice(index));
}

std::string cuda_device_name_cuda(int index) {
  cudaDeviceProp properties{};
  UNMIX_CUDA_CHECK(cudaGetDeviceProperties(&properties, index));
  return fmt::format("{} (compute {}.{}, {:.1f} GiB)", properties.name, properties.major, properties.minor,
                     static_cast<double>(properties.totalGlobalMem) / kGiB);
}

void synchronize_cuda() { UNMIX_CUDA_CHECK(cudaStreamSynchronize(current_stream())); }

}  // namespace unmix
