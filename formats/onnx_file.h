// Writing ONNX files: the messages of onnx.proto (IR version 8, operator set 17) that a network needs, in protobuf's
// wire format: a field is the varint of 8 * number + kind and then a varint (kind 0), four bytes (kind 5), or the
// varint of a length and as many bytes (kind 2).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace unmix {

// One message, as its bytes.
class ProtoMessage {
 public:
  ProtoMessage& number(int field, int64_t value);
  ProtoMessage& real(int field, float value);
  ProtoMessage& bytes(int field, std::string_view value);
  ProtoMessage& message(int field, const ProtoMessage& value) { return bytes(field, value.bytes_); }

  // Opens a field of `size` bytes that are written behind this message's own.
  ProtoMessage& open(int field, uint64_t size);

  const std::string& str() const { return bytes_; }

 private:
  void varint(uint64_t value);
  std::string bytes_;
};

// An axis: its extent, or the name of an extent that may vary.
using OnnxAxis = std::variant<int64_t, std::string>;
using OnnxAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>>;
using OnnxAttributes = std::vector<std::pair<std::string, OnnxAttribute>>;

// A graph that is put together node by node, each after those that it takes from.
class OnnxGraph {
 public:
  void input(const std::string& name, const std::vector<OnnxAxis>& axes);
  void output(const std::string& name, const std::vector<OnnxAxis>& axes);

  // Adds a node; returns `output`, its name and that of its one result.
  std::string node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output,
                   const OnnxAttributes& attributes = {});

  std::string constant(const std::string& name, const Tensor& values);                // float32
  std::string constant(const std::string& name, const std::vector<int64_t>& values);  // int64, of one axis

  // Atomic. Throws for 2 GiB and more, which no reader of protobuf takes.
  void write(const std::filesystem::path& path, const std::string& description,
             const std::map<std::string, std::string>& metadata) const;

 private:
  struct Weight {
    ProtoMessage header;  // all of its TensorProto but the values
    Tensor values;
  };
  ProtoMessage graph_;
  std::vector<Weight> weights_;
};

}  // namespace unmix
