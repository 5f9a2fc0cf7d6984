#include "base/signals.h"
#include "tensor/conv2d.h"
#include "tensor/gemm.h"
#include "tensor/onednn.h"

namespace unmix {
namespace {

using dnnl::memory;
using tag = memory::format_tag;

struct Descs {
  memory::desc x, weight, y;
  memory::dims strides, padding;
};

Descs plain(const Conv2dShape& s) {
  return {onednn::plain({s.batch, s.in, s.height, s.width}, tag::nchw),
          onednn::plain({s.out, s.in, s.kernel, s.kernel}, tag::oihw),
          onednn::plain({s.batch, s.out, s.out_height(), s.out_width()}, tag::nchw),
          {s.stride, s.stride},
          {s.padding, s.padding}};
}

// The same sizes in whatever order and type the library likes best.
memory::desc any(const memory::desc& desc) {
  const bool bf16 = precision() == Precision::bf16;
  if (bf16) onednn::check_bfloat16("conv2d");
  return {desc.dims(), bf16 ? memory::data_type::bf16 : memory::data_type::f32, tag::any};
}

dnnl::convolution_forward::primitive_desc forward_desc(const Descs& d) {
  return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, any(d.x), any(d.weight), any(d.y),
           d.strides, d.padding, d.padding},
          onednn::engine()};
}

memory in_order(const memory::desc& desc, const float* data, const memory::desc& wanted) {
  return onednn::reordered(onednn::view(desc, data), wanted);
}

// Runs a primitive whose output is wanted in plain order.
void execute(const dnnl::primitive& primitive, int argument, const memory::desc& produced, const memory::desc& desc,
             float* data, std::unordered_map<int, memory> inputs) {
  memory result = onednn::view(desc, data);
  memory output = produced == desc ? result : memory(produced, onednn::engine());
  inputs.emplace(argument, output);
  primitive.execute(onednn::stream(), inputs);
  if (produced != desc) dnnl::reorder(output, result).execute(onednn::stream(), output, result);
}

}  // namespace

void conv2d_forward_cpu(const Conv2dShape& shape, const float* x, const float* weight, float* y) {
  const SignalsBlocked scope;
  const Descs d = plain(shape);
  const auto desc = forward_desc(d);
  execute(dnnl::convolution_forward(desc), DNNL_ARG_DST, desc.dst_desc(), d.y, y,
          {{DNNL_ARG_SRC, in_order(d.x, x, desc.src_desc())},
           {DNNL_ARG_WEIGHTS, in_order(d.weight, weight, desc.weights_desc())}});
}

void conv2d_backward_data_cpu(const Conv2dShape& shape, const float* dy, const float* weight, float* dx) {
  const SignalsBlocked scope;
  const Descs d = plain(shape);
  const dnnl::convolution_backward_data::primitive_desc desc(
      {dnnl::algorithm::convolution_direct, any(d.x), any(d.weight), any(d.y), d.strides, d.padding, d.padding},
      onednn::engine(), forward_desc(d));
  execute(dnnl::convolution_backward_data(desc), DNNL_ARG_DIFF_SRC, desc.diff_src_desc(), d.x, dx,
          {{DNNL_ARG_DIFF_DST, in_order(d.y, dy, desc.diff_dst_desc())},
           {DNNL_ARG_WEIGHTS, in_order(d.weight, weight, desc.weights_desc())}});
}

void conv2d_backward_weight_cpu(const Conv2dShape& shape, const float* x, const float* dy, float* dweight) {
  const SignalsBlocked scope;
  const Descs d = plain(shape);
  const dnnl::convolution_backward_weights::primitive_desc desc(
      {dnnl::algorithm::convolution_direct, any(d.x), any(d.weight), any(d.y), d.strides, d.padding, d.padding},
      onednn::engine(), forward_desc(d));
  execute(dnnl::convolution_backward_weights(desc), DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc(), d.weight, dweight,
          {{DNNL_ARG_SRC, in_order(d.x, x, desc.src_desc())},
           {DNNL_ARG_DIFF_DST, in_order(d.y, dy, desc.diff_dst_desc())}});
}

}  // namespace unmix
