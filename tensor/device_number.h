// Tables that a thread keeps on a device are keyed by its number too: the thread may go on with another CUDA device.
#pragma once

#include "tensor/device.h"

namespace unmix {

// Which of several CUDA devices the calling thread uses; 0 for the CPU.
int device_number(Device device);

}  // namespace unmix
