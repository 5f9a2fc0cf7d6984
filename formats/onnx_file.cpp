#include "formats/onnx_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/check_call.h"
#include "base/error.h"
#include "base/file.h"

namespace unmix {
namespace {

constexpr int64_t kIrVersion = 8, kOperatorSet = 17;
constexpr int kVarint = 0, kDelimited = 2, kFourBytes = 5;  // kinds of fields
constexpr int64_t kFloat = 1, kInt64 = 7;                   // TensorProto.DataType

// Numbers of fields.
enum Model {
  model_ir_version = 1,
  model_producer = 2,
  model_description = 6,
  model_graph = 7,
  model_operators = 8,
  model_metadata = 14
};
enum Graph { graph_node = 1, graph_name = 2, graph_initializer = 5, graph_input = 11, graph_output = 12 };
enum Node { node_input = 1, node_output = 2, node_name = 3, node_type = 4, node_attribute = 5 };
enum Attribute {
  attribute_name = 1,
  attribute_float = 2,
  attribute_int = 3,
  attribute_string = 4,
  attribute_ints = 8,
  attribute_type = 20
};
enum TensorField { tensor_extent = 1, tensor_type = 2, tensor_name = 8, tensor_bytes = 9 };

template <class T>
std::string_view bytes_of(const T* values, int64_t count) {
  return {reinterpret_cast<const char*>(values), static_cast<size_t>(count) * sizeof(T)};
}

// ValueInfoProto{1: name, 2: TypeProto{1: Tensor{1: element type, 2: TensorShapeProto{1: {1: extent, 2: name}, ...}}}}
ProtoMessage value_info(const std::string& name, const std::vector<OnnxAxis>& axes) {
  ProtoMessage shape;
  for (const OnnxAxis& axis : axes) {
    ProtoMessage extent;
    if (const auto* fixed = std::get_if<int64_t>(&axis))
      extent.number(1, *fixed);
    else
      extent.bytes(2, std::get<std::string>(axis));
    shape.message(1, extent);
  }
  const ProtoMessage tensor = ProtoMessage().number(1, kFloat).message(2, shape);
  return ProtoMessage().bytes(1, name).message(2, ProtoMessage().message(1, tensor));
}

ProtoMessage attribute(const std::string& name, const OnnxAttribute& value) {
  ProtoMessage message;
  message.bytes(attribute_name, name);
  if (const auto* real = std::get_if<float>(&value)) message.real(attribute_float, *real).number(attribute_type, 1);
  if (const auto* number = std::get_if<int64_t>(&value))
    message.number(attribute_int, *number).number(attribute_type, 2);
  if (const auto* text = std::get_if<std::string>(&value))
    message.bytes(attribute_string, *text).number(attribute_type, 3);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
    for (const int64_t number : *list) message.number(attribute_ints, number);
    message.number(attribute_type, 7);
  }
  return message;
}

ProtoMessage tensor_header(const std::string& name, const Shape& shape, int64_t type) {
  ProtoMessage header;
  for (const int64_t extent : shape) header.number(tensor_extent, extent);
  header.number(tensor_type, type).bytes(tensor_name, name);
  return header;
}

}  // namespace

void ProtoMessage::varint(uint64_t value) {
  for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value % 128 + 128);
  bytes_ += static_cast<char>(value);
}

ProtoMessage& ProtoMessage::number(int field, int64_t value) {
  varint(static_cast<uint64_t>(field) * 8 + kVarint);
  varint(static_cast<uint64_t>(value));
  return *this;
}

ProtoMessage& ProtoMessage::real(int field, float value) {
  varint(static_cast<uint64_t>(field) * 8 + kFourBytes);
  bytes_ += bytes_of(&value, 1);
  return *this;
}

ProtoMessage& ProtoMessage::open(int field, uint64_t size) {
  varint(static_cast<uint64_t>(field) * 8 + kDelimited);
  varint(size);
  return *this;
}

ProtoMessage& ProtoMessage::bytes(int field, std::string_view value) {
  open(field, value.size());
  bytes_ += value;
  return *this;
}

void OnnxGraph::input(const std::string& name, const std::vector<OnnxAxis>& axes) {
  graph_.message(graph_input, value_info(name, axes));
}

void OnnxGraph::output(const std::string& name, const std::vector<OnnxAxis>& axes) {
  graph_.message(graph_output, value_info(name, axes));
}

std::string OnnxGraph::node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output,
                            const OnnxAttributes& attributes) {
  ProtoMessage node;
  for (const std::string& name : inputs) node.bytes(node_input, name);
  node.bytes(node_output, output).bytes(node_name, output).bytes(node_type, type);
  for (const auto& [name, value] : attributes) node.message(node_attribute, attribute(name, value));
  graph_.message(graph_node, node);
  return output;
}

std::string OnnxGraph::constant(const std::string& name, const Tensor& values) {
  Weight weight{tensor_header(name, values.shape(), kFloat), values.to(Device::cpu)};
  weight.header.open(tensor_bytes, bytes_of(weight.values.data(), values.size()).size());
  weights_.push_back(std::move(weight));
  return name;
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<int64_t>& values) {
  const auto count = static_cast<int64_t>(values.size());
  ProtoMessage tensor = tensor_header(name, {count}, kInt64);
  tensor.bytes(tensor_bytes, bytes_of(values.data(), count));
  graph_.message(graph_initializer, tensor);
  return name;
}

// The weights stand last in the graph, and the graph last in the model, so that no second copy of them is needed.
void OnnxGraph::write(const std::filesystem::path& path, const std::string& description,
                      const std::map<std::string, std::string>& metadata) const {
  ProtoMessage model;
  model.number(model_ir_version, kIrVersion).bytes(model_producer, "unmix").bytes(model_description, description);
  model.message(model_operators, ProtoMessage().bytes(1, "").number(2, kOperatorSet));
  for (const auto& [key, value] : metadata) model.message(model_metadata, ProtoMessage().bytes(1, key).bytes(2, value));
  const std::string graph = graph_.str() + ProtoMessage().bytes(graph_name, "unmix").str();
  std::vector<std::string> headers;
  uint64_t size = graph.size();
  for (const auto& [header, values] : weights_) {
    const std::string_view bytes = bytes_of(values.data(), values.size());
    headers.push_back(ProtoMessage().open(graph_initializer, header.str().size() + bytes.size()).str() + header.str());
    size += headers.back().size() + bytes.size();
  }
  const std::string begin = model.open(model_graph, size).str();
  check(begin.size() + size <= std::numeric_limits<int32_t>::max(), "onnx",
        "{}: {} bytes are too many for one ONNX file, which may have 2 GiB; convert the targets one by one",
        path.string(), size);
  write_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary);
    stream << begin << graph;
    for (size_t i = 0; i < weights_.size(); ++i)
      stream << headers[i] << bytes_of(weights_[i].values.data(), weights_[i].values.size());
    stream.close();
    check_call(static_cast<bool>(stream), "file", "cannot write {}", path.string());
  });
}

}  // namespace unmix
