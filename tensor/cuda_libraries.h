// cuBLAS, cuFFT and cuDNN: checks that quote the failed call, and owners of handles. Private to the CUDA halves.
#pragma once

#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>

#include <climits>

#include "tensor/cuda_runtime.h"
#include "tensor/gemm.h"
#include "tensor/memory_cuda.h"
#include "tensor/per_device.h"

namespace unmix {

static_assert(CUDNN_VERSION >= 8901,
              "cuDNN 8.9.1 or later is needed: earlier ones read an LSTM's sequence lengths from the device");

// Libraries count in int.
inline int int_of(int64_t size) {
  check(size <= INT_MAX, "cuda", "a size of {} is too large for a call of a library, which takes {}", size, INT_MAX);
  return static_cast<int>(size);
}

inline std::string failure_text(cublasStatus_t status) { return cublasGetStatusString(status); }

inline std::string failure_text(cufftResult status) {
  if (status == CUFFT_ALLOC_FAILED) return "cufftResult 2, out of memory";
  return fmt::format("cufftResult {}", static_cast<int>(status));
}

inline std::string failure_text(cudnnStatus_t status) {
  char detail[512] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  return fmt::format("{}. {}", cudnnGetErrorString(status), detail);
}

// CUBLAS_STATUS_SUCCESS, CUFFT_SUCCESS and CUDNN_STATUS_SUCCESS are all 0.
#define UNMIX_LIBRARY_CHECK(library, call)                                                                \
  do {                                                                                                    \
    const auto unmix_status_ = (call);                                                                    \
    if (unmix_status_ != 0)                                                                               \
      ::unmix::library_failure(library, #call, ::unmix::failure_text(unmix_status_), __FILE__, __LINE__); \
  } while (false)
#define UNMIX_CUBLAS_CHECK(call) UNMIX_LIBRARY_CHECK("cublas", call)
#define UNMIX_CUFFT_CHECK(call) UNMIX_LIBRARY_CHECK("cufft", call)
#define UNMIX_CUDNN_CHECK(call) UNMIX_LIBRARY_CHECK("cudnn", call)

// Owns what `create` makes and `destroy` ends.
template <class Handle, auto create, auto destroy>
class Owned {
 public:
  Owned() { UNMIX_CUDNN_CHECK(create(&handle_)); }
  ~Owned() { destroy(handle_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator Handle() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};

using TensorDescriptor = Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;

// The thread's handle for its device, on the thread's stream.
inline cudnnHandle_t cudnn_handle() {
  struct Bound {
    Bound() { UNMIX_CUDNN_CHECK(cudnnSetStream(handle, stream)); }
    cudaStream_t stream = current_stream();
    Owned<cudnnHandle_t, cudnnCreate, cudnnDestroy> handle;
  };
  return per_device<Bound>().handle;
}

// cuDNN converts float32 to half precision only, whose range gradients leave: where bf16 is allowed it runs in tf32.
inline cudnnMathType_t cudnn_math() { return precision() == Precision::fp32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH; }

// Memory for one call, from the pool; it may be dropped as soon as the call is submitted.
class Workspace {
 public:
  explicit Workspace(size_t bytes)
      : bytes_(bytes), data_(allocate_cuda(static_cast<int64_t>((bytes + sizeof(float) - 1) / sizeof(float)))) {}
  float* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_;
  std::shared_ptr<float[]> data_;
};

}  // namespace unmix
