// What the oneDNN files share: the CPU engine, the calling thread's stream, memory views.
#pragma once

#include <dnnl.hpp>

#include "base/error.h"

namespace unmix::onednn {

inline dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

inline dnnl::stream& stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

// oneDNN multiplies in bfloat16 from AVX-512 on.
inline void check_bfloat16(const char* op) {
  constexpr unsigned kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  check((static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded, op,
        "this CPU has no AVX-512, which bfloat16 arithmetic needs; use precision fp32");
}

// A view of existing data; oneDNN's interface takes inputs without const as well.
inline dnnl::memory view(const dnnl::memory::desc& desc, const float* data) {
  return {desc, engine(), const_cast<float*>(data)};
}

inline dnnl::memory::desc plain(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

// The same values in another order or type; the memory itself where nothing has to change.
inline dnnl::memory reordered(dnnl::memory source, const dnnl::memory::desc& wanted) {
  if (source.get_desc() == wanted) return source;
  dnnl::memory result(wanted, engine());
  dnnl::reorder(source, result).execute(stream(), source, result);
  return result;
}

}  // namespace unmix::onednn
