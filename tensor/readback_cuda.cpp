#include <cstring>

#include "tensor/cuda_runtime.h"
#include "tensor/readback.h"

namespace unmix {
namespace {

class PinnedCopy : public Readback::Pending {
 public:
  explicit PinnedCopy(const Tensor& tensor)
      : count_(static_cast<size_t>(tensor.size())), block_(pinned_block(count_ * sizeof(float))) {
    if (count_ == 0) return;
    UNMIX_CUDA_CHECK(cudaMemcpyAsync(block_->data(), tensor.data(), count_ * sizeof(float), cudaMemcpyDeviceToHost,
                                     current_stream()));
    block_->record();
  }

  std::vector<float> get() const override {
    block_->wait();
    std::vector<float> values(count_);
    std::memcpy(values.data(), block_->data(), count_ * sizeof(float));
    return values;
  }

 private:
  size_t count_;
  PinnedHandle block_;
};

}  // namespace

std::unique_ptr<Readback::Pending> start_readback_cuda(const Tensor& tensor) {
  return std::make_unique<PinnedCopy>(tensor);
}

}  // namespace unmix
