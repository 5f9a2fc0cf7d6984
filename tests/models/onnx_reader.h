// ONNX files as far as models/onnx_export.h writes them: read from protobuf's wire format, and run in double by plain
// loops after the operators' documentation, so that a file can be compared with the network that it is of.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace unmix::test {

struct OnnxValue {
  Shape shape;
  std::vector<double> data;  // of whole numbers too
};

struct OnnxNode {
  std::string type;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, std::vector<int64_t>> numbers;  // attributes of one or several whole numbers
  std::map<std::string, std::string> texts;
  std::map<std::string, float> reals;
};

// An axis as text: "2", or the name of an extent that may vary.
using OnnxAxes = std::vector<std::string>;

struct OnnxModel {
  int64_t ir_version = 0, operator_set = 0;
  std::map<std::string, std::string> metadata;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxValue> constants;
  std::map<std::string, OnnxAxes> inputs, outputs;
};

// Throws std::runtime_error where the bytes are no such file.
OnnxModel parse_onnx(std::string_view bytes);

// The outputs for these inputs. Throws std::runtime_error where a node takes what no node before it gives, a name is
// given twice, or an operator or a shape is unknown to it.
std::map<std::string, OnnxValue> run_onnx(const OnnxModel& model, const std::map<std::string, OnnxValue>& inputs);

}  // namespace unmix::test
