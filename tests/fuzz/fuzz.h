// What the fuzz targets share: libFuzzer calls each with bytes that it changes by what they reach. An unmix::Error is
// an answer; any other exception, a crash, a hang, or memory beyond the limit is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "formats/safetensors.h"
#include "models/model_files.h"

namespace unmix::fuzz {

inline std::string_view bytes_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

template <class Read>
void answer(const Read& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

// What is done with tensors next: the network that they are of.
inline void use(const TensorFile& file) { infer_network(file.tensors, "fuzz"); }

// A file in memory of these bytes, until the end of the scope.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const;

 private:
  int descriptor_;
};

}  // namespace unmix::fuzz
