// What the oneDNN files share: the CPU engine, the calling thread's stream, memory views.
#pragma once

#include <dnnl.hpp>

namespace unmix::onednn {

inline dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

inline dnnl::stream& stream() {
  thread_local dnnl::stream own(engine());
  return own;
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
