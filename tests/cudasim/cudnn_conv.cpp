// cuDNN's convolutions by the legacy calls: float32, NCHW, no groups, the algorithms in use, which repeat bit for bit.
#include "tests/cudasim/convolution.h"

namespace cudasim {
namespace {

// Checks that the four descriptors describe one convolution.
cudnnStatus_t describe(const char* call, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                       cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, Convolution& c) {
  if (!ready(x) || !ready(w) || !ready(convolution) || !ready(y)) return bad("{}: a descriptor is not set", call);
  if (x->dims.size() != 4 || y->dims.size() != 4) return bad("{}: a tensor has not four dimensions", call);
  const auto packed = [](cudnnTensorDescriptor_t t) {
    return t->strides[3] == 1 && t->strides[2] == t->dims[3] && t->strides[1] == t->dims[2] * t->dims[3] &&
           t->strides[0] == t->dims[1] * t->strides[1];
  };
  if (!packed(x) || !packed(y)) return unsupported("{}: a tensor is not packed NCHW", call);
  if (x->dims[1] != w->in) return bad("{}: {} channels in x, {} in the filters", call, x->dims[1], w->in);
  const auto& set = *convolution;
  const int out_h = 1 + (x->dims[2] + 2 * set.pad_h - ((w->height - 1) * set.dilation_h + 1)) / set.stride_h;
  const int out_w = 1 + (x->dims[3] + 2 * set.pad_w - ((w->width - 1) * set.dilation_w + 1)) / set.stride_w;
  const std::vector<int> right{x->dims[0], w->out, out_h, out_w};
  if (y->dims != right || out_h < 1 || out_w < 1)
    return bad("{}: y is [{}, {}, {}, {}], the convolution gives [{}, {}, {}, {}]", call, y->dims[0], y->dims[1],
               y->dims[2], y->dims[3], right[0], right[1], right[2], right[3]);
  c = {x->dims[0], x->dims[1], x->dims[2], x->dims[3], w->out, w->height, w->width, out_h, out_w, set};
  return CUDNN_STATUS_SUCCESS;
}

size_t index_bytes(const Convolution& c) { return static_cast<size_t>(c.patch() + c.places()) * sizeof(int); }
size_t data_bytes(const Convolution& c) { return static_cast<size_t>(c.w_floats()) * sizeof(float); }
size_t filter_bytes(const Convolution& c) { return 2 * static_cast<size_t>(c.w_floats()) * sizeof(float); }

struct Call {
  const char* name;
  cudnnHandle_t handle;
  const void *alpha, *beta;
  void* workspace;
  size_t workspace_bytes, needed;
};

// Checks memory and queues run(blend).
template <class Run>
cudnnStatus_t submit(const Call& call, const Convolution& c, Range first, Range second, Range output, const Run& run) {
  if (!handles<cudnnContext>().alive(call.handle)) return bad("{}: a handle that does not exist", call.name);
  if (call.alpha == nullptr || call.beta == nullptr) return bad("{}: alpha or beta is null", call.name);
  if (first.data == nullptr || second.data == nullptr || output.data == nullptr)
    return bad("{}: a tensor is null", call.name);
  if (call.workspace == nullptr || call.workspace_bytes < call.needed)
    return bad("{}: a workspace of {} bytes, {} are needed", call.name, call.workspace_bytes, call.needed);
  need_host(call.name, "alpha", call.alpha);
  need_host(call.name, "beta", call.beta);
  need_device(call.name, {first, second}, {output, {"workspace", call.workspace, call.workspace_bytes, 16}});
  count_library(call.name,
                {.flops = c.flops(), .bytes = static_cast<double>(first.bytes + second.bytes + output.bytes)});
  const Blend blend{*static_cast<const float*>(call.alpha), *static_cast<const float*>(call.beta)};
  enqueue(call.handle->stream, call.name, [=] {
    poison(call.workspace, call.needed);
    run(blend);
  });
  return CUDNN_STATUS_SUCCESS;
}

Range floats(const char* name, const void* data, int64_t count) {
  return {name, data, static_cast<size_t>(count) * sizeof(float)};
}

}  // namespace
}  // namespace cudasim

using namespace cudasim;

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* d) { return make_descriptor(d); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t d) { return end_descriptor(d); }

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t descriptor, int pad_h, int pad_w, int u,
                                              int v, int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t type) {
  if (!handles<cudnnConvolutionStruct>().alive(descriptor))
    return bad("cudnnSetConvolution2dDescriptor: no descriptor");
  if (pad_h < 0 || pad_w < 0 || u < 1 || v < 1 || dilation_h < 1 || dilation_w < 1)
    return bad("cudnnSetConvolution2dDescriptor: padding {} x {}, stride {} x {}, dilation {} x {}", pad_h, pad_w, u, v,
               dilation_h, dilation_w);
  if (type != CUDNN_DATA_FLOAT)
    return unsupported("cudnnSetConvolution2dDescriptor: anything but float has no stand-in");
  *descriptor = {true, pad_h, pad_w, u, v, dilation_h, dilation_w, mode, CUDNN_DEFAULT_MATH};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t descriptor, cudnnMathType_t math) {
  if (!ready(descriptor)) return bad("cudnnSetConvolutionMathType: the descriptor is not set");
  if (!known(math)) return unsupported("cudnnSetConvolutionMathType: {}", static_cast<int>(math));
  descriptor->math = math;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                      const cudnnFilterDescriptor_t w,
                                                      const cudnnConvolutionDescriptor_t convolution,
                                                      const cudnnTensorDescriptor_t y,
                                                      cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes) {
  Convolution c{};
  CUDASIM_PASS(describe("cudnnGetConvolutionForwardWorkspaceSize", x, w, convolution, y, c));
  if (algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM)
    return unsupported("forward algorithm {} has no stand-in", static_cast<int>(algorithm));
  *bytes = index_bytes(c);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t, const cudnnFilterDescriptor_t w,
                                                           const cudnnTensorDescriptor_t dy,
                                                           const cudnnConvolutionDescriptor_t convolution,
                                                           const cudnnTensorDescriptor_t dx,
                                                           cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes) {
  Convolution c{};
  CUDASIM_PASS(describe("cudnnGetConvolutionBackwardDataWorkspaceSize", dx, w, convolution, dy, c));
  if (algorithm != CUDNN_CONVOLUTION_BWD_DATA_ALGO_1)
    return unsupported("backward data algorithm {} has no stand-in", static_cast<int>(algorithm));
  *bytes = data_bytes(c);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t, const cudnnTensorDescriptor_t x,
                                                             const cudnnTensorDescriptor_t dy,
                                                             const cudnnConvolutionDescriptor_t convolution,
                                                             const cudnnFilterDescriptor_t dw,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm, size_t* bytes) {
  Convolution c{};
  CUDASIM_PASS(describe("cudnnGetConvolutionBackwardFilterWorkspaceSize", x, dw, convolution, dy, c));
  if (algorithm != CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1)
    return unsupported("backward filter algorithm {} has no stand-in", static_cast<int>(algorithm));
  *bytes = filter_bytes(c);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, const cudnnTensorDescriptor_t x_desc,
                                      const void* x, const cudnnFilterDescriptor_t w_desc, const void* w,
                                      const cudnnConvolutionDescriptor_t convolution,
                                      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t workspace_bytes,
                                      const void* beta, const cudnnTensorDescriptor_t y_desc, void* y) {
  size_t needed = 0;
  CUDASIM_PASS(
      cudnnGetConvolutionForwardWorkspaceSize(handle, x_desc, w_desc, convolution, y_desc, algorithm, &needed));
  const char* name = "cudnnConvolutionForward";
  Convolution c{};
  CUDASIM_PASS(describe(name, x_desc, w_desc, convolution, y_desc, c));
  return submit({name, handle, alpha, beta, workspace, workspace_bytes, needed}, c, floats("x", x, c.x_floats()),
                floats("w", w, c.w_floats()), floats("y", y, c.y_floats()), [=](Blend blend) {
                  convolve(c, static_cast<const float*>(x), static_cast<const float*>(w), static_cast<float*>(y),
                           blend);
                });
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha,
                                           const cudnnFilterDescriptor_t w_desc, const void* w,
                                           const cudnnTensorDescriptor_t dy_desc, const void* dy,
                                           const cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace,
                                           size_t workspace_bytes, const void* beta,
                                           const cudnnTensorDescriptor_t dx_desc, void* dx) {
  size_t needed = 0;
  CUDASIM_PASS(
      cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w_desc, dy_desc, convolution, dx_desc, algorithm, &needed));
  const char* name = "cudnnConvolutionBackwardData";
  Convolution c{};
  CUDASIM_PASS(describe(name, dx_desc, w_desc, convolution, dy_desc, c));
  return submit({name, handle, alpha, beta, workspace, workspace_bytes, needed}, c, floats("w", w, c.w_floats()),
                floats("dy", dy, c.y_floats()), floats("dx", dx, c.x_floats()), [=](Blend blend) {
                  convolve_backward_data(c, static_cast<const float*>(w), static_cast<const float*>(dy),
                                         static_cast<float*>(dx), blend);
                });
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             const cudnnTensorDescriptor_t x_desc, const void* x,
                                             const cudnnTensorDescriptor_t dy_desc, const void* dy,
                                             const cudnnConvolutionDescriptor_t convolution,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                             size_t workspace_bytes, const void* beta,
                                             const cudnnFilterDescriptor_t dw_desc, void* dw) {
  size_t needed = 0;
  CUDASIM_PASS(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x_desc, dy_desc, convolution, dw_desc, algorithm,
                                                              &needed));
  const char* name = "cudnnConvolutionBackwardFilter";
  Convolution c{};
  CUDASIM_PASS(describe(name, x_desc, dw_desc, convolution, dy_desc, c));
  return submit({name, handle, alpha, beta, workspace, workspace_bytes, needed}, c, floats("x", x, c.x_floats()),
                floats("dy", dy, c.y_floats()), floats("dw", dw, c.w_floats()), [=](Blend blend) {
                  convolve_backward_filter(c, static_cast<const float*>(x), static_cast<const float*>(dy),
                                           static_cast<float*>(dw), blend);
                });
}
