// CUDA halves of memory.h and device.h; only builds with CUDA define them.
//
// Every block belongs to the stream of the thread that allocated it, and is freed there. A thread that drops the last
// handle of another thread's block makes that stream wait for its own work first. Work of a third thread is not known
// to it: a thread that hands a tensor on calls synchronize(Device::cuda) before, as it must for the values anyway.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tensor/device.h"

namespace unmix {

std::shared_ptr<float[]> allocate_cuda(int64_t count);
void copy_cuda(float* to, Device to_device, const float* from, Device from_device, int64_t count);
int cuda_device_count_cuda();
int current_cuda_device();  // of the calling thread
void use_cuda_device_cuda(int index);
std::string cuda_device_name_cuda(int index);
void synchronize_cuda();

}  // namespace unmix
