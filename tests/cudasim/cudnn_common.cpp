// cuDNN: handles, messages, and the descriptors of tensors, filters and dropout.
#include <algorithm>
#include <cstring>

#include "tests/cudasim/cudnn_types.h"

namespace cudasim {
namespace {

thread_local std::string last_reason;

bool supported(cudnnDataType_t type) { return type == CUDNN_DATA_FLOAT; }

}  // namespace

cudnnStatus_t refused(cudnnStatus_t status, std::string reason) {
  last_reason = std::move(reason);
  return status;
}

}  // namespace cudasim

using namespace cudasim;

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  count_hidden_synchronisation();
  return make_descriptor(handle);
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  if (!handles<cudnnContext>().end(handle)) return bad("cudnnDestroy: a handle that does not exist");
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  if (!handles<cudnnContext>().alive(handle)) return bad("cudnnSetStream: a handle that does not exist");
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    default: return "CUDNN_UNKNOWN_STATUS";
  }
}

void cudnnGetLastErrorString(char* message, size_t max_size) {
  if (message == nullptr || max_size == 0) return;
  std::strncpy(message, last_reason.c_str(), max_size - 1);
  message[max_size - 1] = '\0';
  last_reason.clear();
}

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* descriptor) { return make_descriptor(descriptor); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t descriptor) { return end_descriptor(descriptor); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* descriptor) { return make_descriptor(descriptor); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t descriptor) { return end_descriptor(descriptor); }
cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t* descriptor) { return make_descriptor(descriptor); }
cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t descriptor) { return end_descriptor(descriptor); }

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t descriptor, cudnnDataType_t type, int count,
                                         const int dims[], const int strides[]) {
  if (!handles<cudnnTensorStruct>().alive(descriptor)) return bad("cudnnSetTensorNdDescriptor: no descriptor");
  if (count < 2) return bad("cudnnSetTensorNdDescriptor: {} dimensions", count);
  if (count > CUDNN_DIM_MAX)
    return unsupported("cudnnSetTensorNdDescriptor: {} dimensions, {} are possible", count, CUDNN_DIM_MAX);
  if (dims == nullptr || strides == nullptr) return bad("cudnnSetTensorNdDescriptor: dims or strides is null");
  for (int i = 0; i < count; ++i)
    if (dims[i] < 1 || (strides[i] == 0 && dims[i] > 1))
      return bad("cudnnSetTensorNdDescriptor: dimension {} is {} with stride {}", i, dims[i], strides[i]);
  if (count == 2 || std::any_of(strides, strides + count, [](int stride) { return stride < 1; }))
    return unsupported("cudnnSetTensorNdDescriptor: two dimensions, or strides below 1, have no stand-in");
  if (!supported(type))
    return unsupported("cudnnSetTensorNdDescriptor: data type {} has no stand-in", static_cast<int>(type));
  *descriptor = {true, {dims, dims + count}, {strides, strides + count}};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t descriptor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w) {
  if (format != CUDNN_TENSOR_NCHW && n > 0 && c > 0 && h > 0 && w > 0)
    return unsupported("cudnnSetTensor4dDescriptor: format {} has no stand-in", static_cast<int>(format));
  const int dims[] = {n, c, h, w}, strides[] = {c * h * w, h * w, w, 1};
  return cudnnSetTensorNdDescriptor(descriptor, type, 4, dims, strides);
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t descriptor, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  if (!handles<cudnnFilterStruct>().alive(descriptor)) return bad("cudnnSetFilter4dDescriptor: no descriptor");
  if (k < 1 || c < 1 || h < 1 || w < 1) return bad("cudnnSetFilter4dDescriptor: [{}, {}, {}, {}]", k, c, h, w);
  if (!supported(type) || format != CUDNN_TENSOR_NCHW)
    return unsupported("cudnnSetFilter4dDescriptor: data type {} in format {} has no stand-in", static_cast<int>(type),
                       static_cast<int>(format));
  *descriptor = {true, k, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}

// Of use to RNNs of one layer only, which apply none: no states.
cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t descriptor, cudnnHandle_t handle, float dropout,
                                        void* states, size_t, unsigned long long) {
  if (!handles<cudnnDropoutStruct>().alive(descriptor)) return bad("cudnnSetDropoutDescriptor: no descriptor");
  if (!handles<cudnnContext>().alive(handle)) return bad("cudnnSetDropoutDescriptor: a handle that does not exist");
  if (!(dropout >= 0.0f && dropout <= 1.0f)) return bad("cudnnSetDropoutDescriptor: a share of {}", dropout);
  if (dropout != 0.0f || states != nullptr) return unsupported("cudnnSetDropoutDescriptor: dropout has no stand-in");
  descriptor->set = true;
  return CUDNN_STATUS_SUCCESS;
}
