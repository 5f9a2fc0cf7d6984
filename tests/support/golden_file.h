// The results of other packages in tests/golden; its README says what each file holds.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "formats/safetensors.h"
#include "layers/module.h"

namespace unmix::test {

class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name);  // "stft"

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  Tensor tensor(const std::string& name, Device device = Device::cpu) const;
  std::vector<double> values(const std::string& name) const;  // in double where the file has it so
  nlohmann::json options(const std::string& name) const;
  // The tensors "<prefix>.<name>" as "<name>".
  NamedTensors group(const std::string& prefix) const;

 private:
  std::filesystem::path path_;
  TensorFile file_;
};

// Largest difference relative to the largest value; see tensor_helpers.h.
double golden_error(const Tensor& actual, const Tensor& expected);

}  // namespace unmix::test
