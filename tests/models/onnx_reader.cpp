#include "tests/models/onnx_reader.h"

#include <cstring>
#include <stdexcept>

namespace unmix::test {
namespace {

struct Field {
  int number, kind;
  uint64_t value = 0;      // of kind 0
  std::string_view bytes;  // of kinds 2 and 5

  std::string text() const { return std::string(bytes); }
};

class Wire {
 public:
  explicit Wire(std::string_view bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }

  Field next() {
    const uint64_t key = varint();
    Field field{static_cast<int>(key >> 3), static_cast<int>(key & 7), 0, {}};
    if (field.kind == 0)
      field.value = varint();
    else if (field.kind == 2)
      field.bytes = take(varint());
    else if (field.kind == 5)
      field.bytes = take(4);
    else
      throw std::runtime_error("a field of an unknown kind");
    return field;
  }

 private:
  std::string_view take(uint64_t count) {
    if (count > bytes_.size()) throw std::runtime_error("truncated");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
    throw std::runtime_error("a number of too many bytes");
  }

  std::string_view bytes_;
};

template <class Use>
void each_field(std::string_view bytes, const Use& use) {
  for (Wire wire(bytes); !wire.done();) use(wire.next());
}

template <class T>
std::vector<double> values_of(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return {values.begin(), values.end()};
}

void parse_tensor(std::string_view bytes, OnnxModel& model) {
  OnnxValue value;
  std::string name;
  std::string_view raw;
  uint64_t type = 0;
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) value.shape.push_back(static_cast<int64_t>(field.value));
    if (field.number == 2) type = field.value;
    if (field.number == 8) name = field.text();
    if (field.number == 9) raw = field.bytes;
  });
  if (type != 1 && type != 7) throw std::runtime_error(name + " has an unknown type");
  value.data = type == 1 ? values_of<float>(raw) : values_of<int64_t>(raw);
  if (static_cast<int64_t>(value.data.size()) != element_count(value.shape))
    throw std::runtime_error(name + " has not the values of its shape");
  if (!model.constants.emplace(name, value).second) throw std::runtime_error(name + " is there twice");
}

void parse_attribute(std::string_view bytes, OnnxNode& node) {
  std::string name;
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) name = field.text();
    if (field.number == 2) std::memcpy(&node.reals[name], field.bytes.data(), 4);
    if (field.number == 3 || field.number == 8) node.numbers[name].push_back(static_cast<int64_t>(field.value));
    if (field.number == 4) node.texts[name] = field.text();
  });
}

OnnxNode parse_node(std::string_view bytes) {
  OnnxNode node;
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) node.inputs.push_back(field.text());
    if (field.number == 2) node.outputs.push_back(field.text());
    if (field.number == 4) node.type = field.text();
    if (field.number == 5) parse_attribute(field.bytes, node);
  });
  return node;
}

// ValueInfoProto{name, TypeProto{Tensor{type, TensorShapeProto{{extent or name}, ...}}}}
void parse_value_info(std::string_view bytes, std::map<std::string, OnnxAxes>& values) {
  std::string name;
  OnnxAxes axes;
  const auto axis = [&](const Field& field) {
    axes.push_back(field.kind == 0 ? std::to_string(field.value) : field.text());
  };
  const auto nested = [](int number, const auto& use) {
    return [number, use](const Field& field) {
      if (field.number == number) each_field(field.bytes, use);
    };
  };
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) name = field.text();
    if (field.number == 2) each_field(field.bytes, nested(1, nested(2, nested(1, axis))));
  });
  values[name] = axes;
}

void parse_graph(std::string_view bytes, OnnxModel& model) {
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) model.nodes.push_back(parse_node(field.bytes));
    if (field.number == 5) parse_tensor(field.bytes, model);
    if (field.number == 11) parse_value_info(field.bytes, model.inputs);
    if (field.number == 12) parse_value_info(field.bytes, model.outputs);
  });
}

}  // namespace

OnnxModel parse_onnx(std::string_view bytes) {
  OnnxModel model;
  each_field(bytes, [&](const Field& field) {
    if (field.number == 1) model.ir_version = static_cast<int64_t>(field.value);
    if (field.number == 7) parse_graph(field.bytes, model);
    if (field.number == 8)
      each_field(field.bytes, [&](const Field& set) {
        if (set.number == 2) model.operator_set = static_cast<int64_t>(set.value);
      });
    if (field.number != 14) return;
    std::string key;
    each_field(field.bytes, [&](const Field& entry) {
      if (entry.number == 1)
        key = entry.text();
      else
        model.metadata[key] = entry.text();
    });
  });
  return model;
}

}  // namespace unmix::test
