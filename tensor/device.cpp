#include "tensor/device.h"

#include <charconv>

#include "base/error.h"
#include "tensor/device_number.h"
#include "tensor/memory_cuda.h"

namespace unmix {

std::string_view name(Device device) { return device == Device::cuda ? "cuda" : "cpu"; }

int cuda_device_count() {
#ifdef UNMIX_CUDA
  return cuda_device_count_cuda();
#else
  return 0;
#endif
}

void use_cuda_device(int index) {
  check(built_with_cuda(), "device", "this build has no CUDA half; configure it with -DUNMIX_CUDA=ON");
  const int count = cuda_device_count();
  check(count > 0, "device", "no CUDA device was found; the device cpu is always there");
  check(index >= 0 && index < count, "device", "cuda:{} does not exist; the last is cuda:{}", index, count - 1);
#ifdef UNMIX_CUDA
  use_cuda_device_cuda(index);
#endif
}

std::string cuda_device_name(int index) {
#ifdef UNMIX_CUDA
  return cuda_device_name_cuda(index);
#else
  fail("device", "cuda:{} has no name: this build has no CUDA half", index);
#endif
}

int device_number(Device device) {
#ifdef UNMIX_CUDA
  if (device == Device::cuda) return current_cuda_device();
#endif
  static_cast<void>(device);
  return 0;
}

std::string device_description(Device device) {
#ifdef UNMIX_CUDA
  if (device == Device::cuda) return cuda_device_name_cuda(current_cuda_device());
#endif
  return std::string(name(device));
}

void synchronize(Device device) {
#ifdef UNMIX_CUDA
  if (device == Device::cuda) synchronize_cuda();
#else
  static_cast<void>(device);
#endif
}

Device parse_device(std::string_view text) {
  if (text == "cpu") return Device::cpu;
  if (text == "auto") {
    if (cuda_device_count() == 0) return Device::cpu;
    use_cuda_device(0);
    return Device::cuda;
  }
  int index = 0;
  if (text.starts_with("cuda:")) {
    const std::string_view digits = text.substr(5);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc{} || end != digits.data() + digits.size()) index = -1;
  } else if (text != "cuda") {
    index = -1;
  }
  if (index < 0) throw ArgumentError(fmt::format("device {}: give auto, cpu, cuda or cuda:N", text));
  use_cuda_device(index);
  return Device::cuda;
}

}  // namespace unmix
