#include "tests/support/golden_file.h"

#include <cmath>
#include <stdexcept>

#include "tests/support/paths.h"
#include "tests/support/tensor_helpers.h"

namespace unmix::test {

GoldenFile::GoldenFile(const std::string& name)
    : path_(golden_path(name + ".safetensors")), file_(read_safetensors(path_)) {}

Tensor GoldenFile::tensor(const std::string& name, Device device) const {
  const Tensor* tensor = file_.find(name);
  if (tensor == nullptr) throw std::out_of_range("no golden " + name);
  return tensor->to(device);
}

std::vector<double> GoldenFile::values(const std::string& name) const { return read_safetensors_f64(path_, name); }

nlohmann::json GoldenFile::options(const std::string& name) const {
  return nlohmann::json::parse(file_.metadata.at(name));
}

NamedTensors GoldenFile::group(const std::string& prefix) const {
  NamedTensors found;
  for (const auto& [name, tensor] : file_.tensors)
    if (name.starts_with(prefix + ".")) found.emplace_back(name.substr(prefix.size() + 1), tensor);
  return found;
}

double golden_error(const Tensor& actual, const Tensor& expected) {
  if (!actual.defined() || actual.shape() != expected.shape()) return HUGE_VAL;
  return relative_error(actual.to_vector(), expected.to_vector());
}

}  // namespace unmix::test
