// Reads a small tensor (a loss) without stopping the device: the copy starts now, the wait comes when the values are
// asked for. A training loop that asks one step late never waits inside a step.
#pragma once

#include <memory>
#include <vector>

#include "tensor/tensor.h"

namespace unmix {

class Readback {
 public:
  // Takes the values as they are after the work submitted so far; the tensor may be changed or dropped at once.
  explicit Readback(const Tensor& tensor);

  // Waits for that copy alone, not for later work. May be called again.
  std::vector<float> get() const;

  // A copy under way, as a device implements it.
  class Pending {
   public:
    virtual ~Pending() = default;
    virtual std::vector<float> get() const = 0;
  };

 private:
  std::unique_ptr<Pending> pending_;
};

std::unique_ptr<Readback::Pending> start_readback_cpu(const Tensor& tensor);
std::unique_ptr<Readback::Pending> start_readback_cuda(const Tensor& tensor);

}  // namespace unmix
