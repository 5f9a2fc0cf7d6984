// Where a tensor lives and where its operations run.
#pragma once

#include <string>
#include <string_view>

namespace unmix {

enum class Device { cpu, cuda };

std::string_view name(Device device);

// Whether this build has the CUDA half (UNMIX_CUDA is ON or SIM).
constexpr bool built_with_cuda() {
#ifdef UNMIX_CUDA
  return true;
#else
  return false;
#endif
}

// Number of CUDA devices that can be used; 0 without a driver or in a build without CUDA.
int cuda_device_count();

// Chooses the CUDA device of the calling thread; throws where there is no such device.
void use_cuda_device(int index);

// "NVIDIA H100 80GB HBM3 (compute 9.0, 79.1 GiB)" for device `index`.
std::string cuda_device_name(int index);

// What results say they were computed on: "cpu", or the name of the calling thread's CUDA device.
std::string device_description(Device device);

// Blocks until all work submitted to the device by this thread is done.
void synchronize(Device device);

// "auto", "cpu", "cuda" or "cuda:N" as given on the command line; selects the device and returns it.
Device parse_device(std::string_view text);

// Calls the CPU or the CUDA implementation of a primitive. Without CUDA only the first is named.
#ifdef UNMIX_CUDA
#define UNMIX_DISPATCH(device, function, ...) \
  ((device) == ::unmix::Device::cuda ? function##_cuda(__VA_ARGS__) : function##_cpu(__VA_ARGS__))
#else
#define UNMIX_DISPATCH(device, function, ...) (static_cast<void>(device), function##_cpu(__VA_ARGS__))
#endif

}  // namespace unmix
