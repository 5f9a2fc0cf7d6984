#include "formats/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check_call.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace unmix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Event = json::parse_event_t;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr const char* kOp = "safetensors";
constexpr const char* kMetadata = "__metadata__";
constexpr uint64_t kLongestHeader = 100'000'000;  // the limit of the reference implementation
constexpr size_t kMaxRank = 16;

struct Entry {
  std::string name, dtype;
  Shape shape;
  uint64_t begin, end;  // in the data
};

struct Header {
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  uint64_t data_start;
};

size_t bytes_per_value(const std::string& dtype) {
  if (dtype == "F32") return 4;
  return dtype == "F64" || dtype == "I64" ? 8 : 0;
}

// Takes the header apart while it is parsed, so that a header of any kind costs little more than its text.
class HeaderReader {
 public:
  explicit HeaderReader(const fs::path& path) : path_(path.string()) {}

  Header read(const std::string& text) {
    const auto callback = [this](int depth, Event event, json& parsed) {
      return handle(static_cast<size_t>(depth), event, parsed);
    };
    try {
      const json rest = json::parse(text, callback);
      require(rest.is_object(), "the header is not a JSON object");
    } catch (const json::exception& error) {
      fail(kOp, "{}: the header is not JSON: {}", path_, error.what());
    }
    return std::move(header_);
  }

 private:
  void require(bool condition, std::string_view what) const { check(condition, kOp, "{}: {}", path_, what); }

  // Depths: 0 the header, 1 its tensors, 2 their fields, 3 the numbers in shape and data_offsets. False discards.
  bool handle(size_t depth, Event event, const json& parsed) {
    if (event == Event::object_start || event == Event::array_start) {
      require(depth <= 2, "the header is nested too deeply");
      require(event == Event::array_start ? depth == 2 : depth < 2, "the header is not an object of tensors");
      if (event == Event::object_start) keys_[depth].clear();
      numbers_ = 0;
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      require(keys_[depth - 1].insert(key).second, fmt::format("'{}' stands twice in the header", key));
      if (depth == 1) name_ = key;
    } else if (event == Event::value) {
      require(depth >= 2, "the header is not an object of tensors");
      require(depth < 3 || ++numbers_ <= kMaxRank, fmt::format("tensor '{}' has too many dimensions", name_));
    } else if (event == Event::object_end && depth == 1) {
      name_ == kMetadata ? add_metadata(parsed) : add_entry(parsed);
      return false;
    }
    return true;
  }

  void add_metadata(const json& object) {
    for (const auto& [key, text] : object.items()) {
      require(text.is_string(), fmt::format("metadata '{}' is not text", key));
      header_.metadata[key] = text.get<std::string>();
    }
  }

  void add_entry(const json& object) {
    const auto whole_numbers = [](const json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& n) {
               return n.is_number_unsigned() && n.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX);
             });
    };
    const bool complete = object.contains("dtype") && object.contains("shape") && object.contains("data_offsets") &&
                          object["dtype"].is_string() && whole_numbers(object["shape"]) &&
                          whole_numbers(object["data_offsets"]) && object["data_offsets"].size() == 2;
    require(complete, fmt::format("tensor '{}' lacks a dtype, a shape or two data_offsets", name_));
    const json& offsets = object["data_offsets"];
    Entry entry{name_, object["dtype"], object["shape"].get<Shape>(), offsets[0], offsets[1]};
    check_size(entry);
    header_.entries.push_back(std::move(entry));
  }

  void check_size(const Entry& entry) const {
    const bool readable = entry.dtype == "F32" || entry.dtype == "F64" || entry.dtype == "I64";
    check(readable, kOp, "{}: tensor '{}' has dtype {}; F32, F64 and single I64 values can be read", path_, entry.name,
          entry.dtype);
    uint64_t bytes = bytes_per_value(entry.dtype);
    bool fits = entry.begin <= entry.end;
    // An extent of 0 ends the product, whatever the others are.
    if (std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end()) bytes = 0;
    for (int64_t extent : entry.shape)
      fits = fits && !__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes);
    check(fits && bytes == entry.end - entry.begin, kOp,
          "{}: tensor '{}' of shape {} and dtype {} does not fit bytes {} to {}", path_, entry.name,
          to_string(entry.shape), entry.dtype, entry.begin, entry.end);
    check(entry.dtype != "I64" || bytes == 8, kOp,
          "{}: tensor '{}' has dtype I64 and shape {}; of I64 only single values can be read", path_, entry.name,
          to_string(entry.shape));
  }

  std::string path_, name_;
  std::array<std::set<std::string>, 2> keys_;  // of the header, of the tensor
  size_t numbers_ = 0;                         // so far in the list
  Header header_;
};

// The data must be covered once, without gaps, as the format demands.
void check_layout(const Header& header, uint64_t data_bytes, const fs::path& path) {
  std::vector<const Entry*> order;
  for (const Entry& entry : header.entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
  uint64_t reached = 0;
  for (const Entry* entry : order) {
    check(entry->end <= data_bytes, kOp,
          "{}: tensor '{}' ends at byte {}, but the file has {} bytes of data: it is truncated or corrupt",
          path.string(), entry->name, entry->end, data_bytes);
    check(entry->begin == reached, kOp,
          "{}: tensor '{}' starts at byte {}, where {} was expected: tensors overlap or leave gaps", path.string(),
          entry->name, entry->begin, reached);
    reached = entry->end;
  }
  check(reached == data_bytes, kOp, "{}: {} bytes of data, but the tensors fill {}", path.string(), data_bytes,
        reached);
}

void read_bytes(std::ifstream& stream, void* to, uint64_t bytes, const fs::path& path) {
  stream.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  check_call(static_cast<bool>(stream), kOp, "{}: cannot be read", path.string());
}

Header read_header(std::ifstream& stream, const fs::path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  check(!error, kOp, "{}: {}", path.string(), error.message());
  check(size >= 8, kOp, "{}: {} bytes are too few for a safetensors file", path.string(), size);
  uint64_t length = 0;
  read_bytes(stream, &length, 8, path);
  check(length <= kLongestHeader, kOp, "{}: a header of {} bytes is beyond the limit of {}: not a safetensors file",
        path.string(), length, kLongestHeader);
  check(length <= size - 8, kOp,
        "{}: a header of {} bytes is longer than the file: it is truncated or no safetensors file", path.string(),
        length);
  std::string text(length, '\0');
  read_bytes(stream, text.data(), length, path);
  Header header = HeaderReader(path).read(text);
  header.data_start = 8 + length;
  check_layout(header, size - header.data_start, path);
  return header;
}

std::ifstream open(const fs::path& path) {
  check_input_file(kOp, path);
  std::ifstream stream(path, std::ios::binary);
  check_call(stream.is_open(), kOp, "{}: cannot be opened", path.string());
  return stream;
}

template <class T>
std::vector<T> read_values(std::ifstream& stream, const Header& header, const Entry& entry, const fs::path& path) {
  std::vector<T> values((entry.end - entry.begin) / sizeof(T));
  stream.seekg(static_cast<std::streamoff>(header.data_start + entry.begin));
  read_bytes(stream, values.data(), entry.end - entry.begin, path);
  return values;
}

Tensor read_tensor(std::ifstream& stream, const Header& header, const Entry& entry, const fs::path& path) {
  Tensor tensor = Tensor::empty(entry.shape);
  const auto convert = [&](const auto& values) {
    std::transform(values.begin(), values.end(), tensor.data(), [](auto value) { return static_cast<float>(value); });
  };
  if (entry.dtype == "F64") {
    convert(read_values<double>(stream, header, entry, path));
  } else if (entry.dtype == "I64") {
    convert(read_values<int64_t>(stream, header, entry, path));
  } else {
    stream.seekg(static_cast<std::streamoff>(header.data_start + entry.begin));
    read_bytes(stream, tensor.data(), entry.end - entry.begin, path);
  }
  return tensor;
}

// The header as text, padded so that the data starts at a multiple of 8 bytes.
std::string header_text(const TensorFile& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::set<std::string_view> names;
  if (!file.metadata.empty()) header[kMetadata] = file.metadata;
  auto& entries = header.get_ref<nlohmann::ordered_json::object_t&>();
  uint64_t offset = 0;
  for (const auto& [name, tensor] : file.tensors) {
    check(names.insert(name).second && name != kMetadata, kOp, "'{}' is no name for one more tensor", name);
    const uint64_t end = offset + static_cast<uint64_t>(tensor.size()) * sizeof(float);
    entries.push_back({name, {{"dtype", "F32"}, {"shape", tensor.shape()}, {"data_offsets", {offset, end}}}});
    offset = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

const Tensor* TensorFile::find(std::string_view name) const {
  const auto at = std::find_if(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.first == name; });
  return at == tensors.end() ? nullptr : &at->second;
}

TensorFile read_safetensors(const fs::path& path) {
  std::ifstream stream = open(path);
  Header header = read_header(stream, path);
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries)
    file.tensors.emplace_back(entry.name, read_tensor(stream, header, entry, path));
  return file;
}

std::vector<double> read_safetensors_f64(const fs::path& path, std::string_view name) {
  std::ifstream stream = open(path);
  const Header header = read_header(stream, path);
  for (const Entry& entry : header.entries) {
    if (entry.name != name || entry.dtype == "I64") continue;
    if (entry.dtype == "F64") return read_values<double>(stream, header, entry, path);
    const auto values = read_values<float>(stream, header, entry, path);
    return {values.begin(), values.end()};
  }
  fail(kOp, "{}: there is no F64 or F32 tensor '{}'", path.string(), name);
}

void write_safetensors(const fs::path& path, const TensorFile& file) {
  const std::string header = header_text(file);
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary);
    const uint64_t length = header.size();
    stream.write(reinterpret_cast<const char*>(&length), 8);
    stream.write(header.data(), static_cast<std::streamsize>(length));
    for (const auto& [name, tensor] : file.tensors) {
      const Tensor values = tensor.to(Device::cpu);
      stream.write(reinterpret_cast<const char*>(values.data()),
                   static_cast<std::streamsize>(values.size()) * static_cast<std::streamsize>(sizeof(float)));
    }
    stream.close();
    check_call(static_cast<bool>(stream), "file", "cannot write {}", path.string());
  });
}

}  // namespace unmix
