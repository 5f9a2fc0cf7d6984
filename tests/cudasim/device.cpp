// The device that is simulated, and its errors. Of the API what the project calls: anything else fails to link.
#include "tests/cudasim/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace cudasim {
namespace {

thread_local int current_device = 0;
thread_local cudaError_t last_error = cudaSuccess;
cudaError_t stuck = cudaSuccess;
std::string first_report, stuck_text;

Settings from_environment() {
  const auto number = [](const char* name, double otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtod(text, nullptr);
  };
  Settings s;
  s.seed = static_cast<uint64_t>(number("UNMIX_SIM_SEED", static_cast<double>(s.seed)));
  s.memory_bytes = static_cast<size_t>(number("UNMIX_SIM_MEMORY_MIB", static_cast<double>(s.memory_bytes >> 20))) << 20;
  s.devices = static_cast<int>(number("UNMIX_SIM_DEVICES", s.devices));
  s.kernel_seconds = number("UNMIX_SIM_KERNEL_SECONDS", s.kernel_seconds);
  return s;
}

Settings& current_settings() {
  static Settings current = from_environment();
  return current;
}

struct ErrorName {
  cudaError_t error;
  const char *name, *text;
};
constexpr ErrorName kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
};

bool has_device(int device) { return device >= 0 && device < settings().devices; }

const ErrorName* find_error(cudaError_t error) {
  const auto* found = std::find_if(std::begin(kErrors), std::end(kErrors), [&](auto& e) { return e.error == error; });
  return found == std::end(kErrors) ? nullptr : found;
}

}  // namespace

std::recursive_mutex& device_lock() {
  static auto* lock = new std::recursive_mutex;
  return *lock;
}

Settings settings() {
  const Lock lock(device_lock());
  return current_settings();
}

void configure(const Settings& settings) {
  finish();
  const Lock lock(device_lock());
  current_settings() = settings;
}

uint64_t draw() {
  static std::mt19937_64 random;
  static uint64_t seed = ~current_settings().seed;
  if (seed != current_settings().seed) random.seed(seed = current_settings().seed);
  return random();
}

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t sticky_error() { return stuck; }

void stick(cudaError_t error, const std::string& report) {
  fmt::print(stderr, "cudasim: {}\n", report);
  if (stuck != cudaSuccess) return;
  stuck = error;
  first_report = report;
  const ErrorName* known = find_error(error);
  stuck_text = fmt::format("{} ({})", known->text, report);
}

std::string report() {
  const Lock lock(device_lock());
  return first_report;
}

void forget() {
  const Lock lock(device_lock());
  stuck = last_error = cudaSuccess;
  first_report.clear();
}

void fail(const std::string& message) {
  if (inside_kernel) leave_work(cudaErrorLaunchFailure, message);
  throw Misuse(message);
}

}  // namespace cudasim

using cudasim::Lock, cudasim::device_lock, cudasim::remember;

extern "C" {

cudaError_t cudaGetLastError() {
  const Lock lock(device_lock());
  if (cudasim::stuck != cudaSuccess) return cudasim::stuck;
  return std::exchange(cudasim::last_error, cudaSuccess);
}

const char* cudaGetErrorName(cudaError_t error) {
  const auto* known = cudasim::find_error(error);
  return known == nullptr ? "unrecognized error code" : known->name;
}

const char* cudaGetErrorString(cudaError_t error) {
  const Lock lock(device_lock());
  if (error != cudaSuccess && error == cudasim::stuck) return cudasim::stuck_text.c_str();
  const auto* known = cudasim::find_error(error);
  return known == nullptr ? "unrecognized error code" : known->text;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = cudasim::settings().devices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  *device = cudasim::current_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (!cudasim::has_device(device)) return remember(cudaErrorInvalidDevice);
  cudasim::current_device = device;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (!cudasim::has_device(device)) return remember(cudaErrorInvalidDevice);
  if (attribute == cudaDevAttrMemoryPoolsSupported) {
    *value = 1;
  } else if (attribute == cudaDevAttrComputeCapabilityMajor) {
    *value = cudasim::settings().compute_capability;
  } else {
    cudasim::fail(fmt::format("cudaDeviceGetAttribute: attribute {} is not simulated", static_cast<int>(attribute)));
  }
  return cudaSuccess;
}

// Compute 8.0 unless set otherwise: the oldest GPU that the project's kernels are compiled for, with its limits.
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (!cudasim::has_device(device)) return remember(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "simulated device on the CPU");
  properties->major = cudasim::settings().compute_capability;
  properties->totalGlobalMem = cudasim::settings().memory_bytes;
  properties->sharedMemPerBlock = 48 << 10;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}

}  // extern "C"
