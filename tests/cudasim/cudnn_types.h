// What the descriptors of cuDNN hold, and how a stand-in refuses a call. Private to the stand-ins of cuDNN.
#pragma once

#include <cudnn.h>
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/cudasim/library.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

struct cudnnTensorStruct {
  bool set = false;
  std::vector<int> dims, strides;
};

struct cudnnFilterStruct {
  bool set = false;
  int out = 0, in = 0, height = 0, width = 0;
};

struct cudnnDropoutStruct {
  bool set = false;
};

struct cudnnConvolutionStruct {
  bool set = false;
  int pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

struct cudnnRNNStruct {
  bool set = false;
  cudnnRNNAlgo_t algorithm = CUDNN_RNN_ALGO_STANDARD;
  cudnnRNNBiasMode_t bias = CUDNN_RNN_DOUBLE_BIAS;
  int directions = 1, input = 0, hidden = 0;
  bool padded_io = false;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};

struct cudnnRNNDataStruct {
  bool set = false;
  cudnnRNNDataLayout_t layout = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  int steps = 0, batch = 0, width = 0;  // steps: of the longest sequence
  std::vector<int> lengths;
  bool has_fill = false;
  float fill = 0.0f;  // of the padding of an output
};

namespace cudasim {

// Keeps the reason for cudnnGetLastErrorString.
cudnnStatus_t refused(cudnnStatus_t status, std::string reason);

template <class... Args>
cudnnStatus_t bad(fmt::format_string<Args...> format, Args&&... args) {
  return refused(CUDNN_STATUS_BAD_PARAM, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
cudnnStatus_t unsupported(fmt::format_string<Args...> format, Args&&... args) {
  return refused(CUDNN_STATUS_NOT_SUPPORTED, fmt::format(format, std::forward<Args>(args)...));
}

// Whether a descriptor was made, is not destroyed, and was given its values.
template <class T>
bool ready(const T* descriptor) {
  return descriptor != nullptr && handles<T>().alive(descriptor) && descriptor->set;
}

template <class T>
cudnnStatus_t make_descriptor(T** descriptor) {
  if (descriptor == nullptr) return bad("null where the descriptor is to be put");
  *descriptor = handles<T>().make();
  return CUDNN_STATUS_SUCCESS;
}

template <class T>
cudnnStatus_t end_descriptor(T* descriptor) {
  if (descriptor == nullptr) return CUDNN_STATUS_SUCCESS;
  return handles<T>().end(descriptor) ? CUDNN_STATUS_SUCCESS : bad("a descriptor that does not exist");
}

inline Rounding rounding_of(cudnnMathType_t math) { return math == CUDNN_FMA_MATH ? Rounding::none : Rounding::tf32; }

inline bool known(cudnnMathType_t math) {
  return math == CUDNN_DEFAULT_MATH || math == CUDNN_TENSOR_OP_MATH || math == CUDNN_FMA_MATH;
}

}  // namespace cudasim

// Ends a call with the status that the first failing `refuse` gives.
#define CUDASIM_PASS(refuse)                                             \
  do {                                                                   \
    const cudnnStatus_t cudasim_status_ = (refuse);                      \
    if (cudasim_status_ != CUDNN_STATUS_SUCCESS) return cudasim_status_; \
  } while (false)
