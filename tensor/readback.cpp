#include "tensor/readback.h"

namespace unmix {
namespace {

class HeldValues : public Readback::Pending {
 public:
  explicit HeldValues(const Tensor& tensor) : values_(tensor.to_vector()) {}
  std::vector<float> get() const override { return values_; }

 private:
  std::vector<float> values_;
};

}  // namespace

Readback::Readback(const Tensor& tensor) : pending_(UNMIX_DISPATCH(tensor.device(), start_readback, tensor)) {}

std::vector<float> Readback::get() const { return pending_->get(); }

std::unique_ptr<Readback::Pending> start_readback_cpu(const Tensor& tensor) {
  return std::make_unique<HeldValues>(tensor);
}

}  // namespace unmix
