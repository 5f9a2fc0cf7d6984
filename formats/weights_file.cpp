#include "formats/weights_file.h"

#include <array>
#include <fstream>

#include "base/file.h"
#include "formats/pth.h"

namespace unmix {

TensorFile read_weights(const std::filesystem::path& path) {
  check_input_file("weights", path);
  std::array<char, 9> first{};
  std::ifstream stream(path, std::ios::binary);
  stream.read(first.data(), first.size());
  const std::string_view begin(first.data(), static_cast<size_t>(stream.gcount()));
  const bool pth = looks_like_pth(begin) || (path.extension() == ".pth" && !begin.ends_with('{'));
  return pth ? read_pth(path) : read_safetensors(path);
}

}  // namespace unmix
