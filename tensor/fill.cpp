#include "tensor/launch.h"
#include "tensor/memory.h"

namespace unmix {
namespace {

struct Fill {
  float* data;
  float value;
  HD void operator()(int64_t i) const { data[i] = value; }
};

}  // namespace

void fill(float* data, Device device, float value, int64_t count) { parallel_for(device, count, Fill{data, value}); }

}  // namespace unmix
